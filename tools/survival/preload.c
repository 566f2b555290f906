/* Makes the file calls of a program fail, for the checks of tools/check_survival.py (LD_PRELOAD).
 *
 * Environment:
 *   SURVIVAL_FOLDER   the calls on files in this folder (an absolute path) can fail
 *   SURVIVAL_ERRNO    how they fail: an error number; 0: the process is killed instead
 *   SURVIVAL_FROM     from which of them on, counted from 1 over all processes; 0: none, they are only counted
 *   SURVIVAL_COUNTS   a file of two 64-bit numbers, which this library raises: calls seen, calls failed
 *   SURVIVAL_NO_LOCKS if set, locks fail with ENOLCK, as on a file system without locks
 *
 * The calls are those that need space or a writable disk: open for writing, mkdir, write, pwrite, ftruncate, rename
 * and fsync. Removing files always works, as on a full disk. The first write to fail gets half of its bytes written,
 * as the last write before a disk is full. What the C library's own functions do inside is out of reach, so fopen is
 * here too, for gnuplot.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;
static int failure;
static int64_t from;
static _Atomic int64_t *counts;
static int without_locks;

/* The C library's own function of that name. */
#define ORIGINAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void prepare(void) {
  const char *path = getenv("SURVIVAL_COUNTS");
  int descriptor = path ? ORIGINAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
  if (descriptor >= 0) {
    void *place = mmap(NULL, 2 * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (place != MAP_FAILED) counts = place;
    close(descriptor);
  }
  const char *number = getenv("SURVIVAL_ERRNO"), *first = getenv("SURVIVAL_FROM");
  failure = number ? atoi(number) : ENOSPC;
  from = first ? atoll(first) : 0;
  without_locks = getenv("SURVIVAL_NO_LOCKS") != NULL;
  folder = counts ? getenv("SURVIVAL_FOLDER") : NULL;
}

/* Whether a path is in the folder; a relative one begins at the folder of the descriptor. */
static int is_inside(int descriptor, const char *path) {
  char whole[2 * PATH_MAX], link[64];
  if (!folder) return 0;
  size_t length = 0;
  if (path[0] != '/') {
    if (descriptor == AT_FDCWD)
      snprintf(link, sizeof link, "/proc/self/cwd");
    else
      snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t count = readlink(link, whole, PATH_MAX);
    if (count < 0) return 0;
    length = count;
    if (path[0]) whole[length++] = '/';
  }
  snprintf(whole + length, sizeof whole - length, "%s", path);
  size_t prefix = strlen(folder);
  return strncmp(whole, folder, prefix) == 0 && (whole[prefix] == '/' || whole[prefix] == 0);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Counts a call; 0 if it works, 1 for the first one to fail, 2 for those after it. */
static int fails(int descriptor, const char *path, int may_be_half) {
  int code = errno;
  if (!is_inside(descriptor, path)) {
    errno = code;
    return 0;
  }
  int64_t number = __atomic_add_fetch((int64_t *)&counts[0], 1, __ATOMIC_SEQ_CST);
  if (from == 0 || number < from) {
    errno = code;
    return 0;
  }
  __atomic_add_fetch((int64_t *)&counts[1], 1, __ATOMIC_SEQ_CST);
  int is_first = number == from;
  if (failure == 0 && !(is_first && may_be_half)) die();
  errno = failure;
  return is_first ? 1 : 2;
}

static int is_writing(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT); }

/* The third argument of open, which only some flags have. */
#define MODE_OF(flags, mode)                              \
  mode_t mode = 0;                                        \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {                \
    va_list rest;                                         \
    va_start(rest, flags);                                \
    mode = (mode_t)va_arg(rest, int);                     \
    va_end(rest);                                         \
  }

#define OPEN(name)                                                             \
  int name(const char *path, int flags, ...) {                                 \
    MODE_OF(flags, mode)                                                       \
    if (is_writing(flags) && fails(AT_FDCWD, path, 0)) return -1;                 \
    return ORIGINAL(name)(path, flags, mode);                                  \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                           \
  int name(int descriptor, const char *path, int flags, ...) {                 \
    MODE_OF(flags, mode)                                                       \
    if (is_writing(flags) && fails(descriptor, path, 0)) return -1;               \
    return ORIGINAL(name)(descriptor, path, flags, mode);                      \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                            \
  FILE *name(const char *path, const char *mode) {                             \
    if (strpbrk(mode, "wa+") && fails(AT_FDCWD, path, 0)) return NULL;            \
    return ORIGINAL(name)(path, mode);                                         \
  }
FOPEN(fopen)
FOPEN(fopen64)

int mkdir(const char *path, mode_t mode) {
  return fails(AT_FDCWD, path, 0) ? -1 : ORIGINAL(mkdir)(path, mode);
}

/* What a write returns of which half was to be written: the process dies after it, or goes on. */
static ssize_t half(ssize_t count) {
  if (failure == 0) die();
  return count;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  int failed = fails(descriptor, "", count > 1);
  if (!failed) return ORIGINAL(write)(descriptor, bytes, count);
  return failed == 1 && count > 1 ? half(ORIGINAL(write)(descriptor, bytes, count / 2)) : -1;
}

#define PWRITE(name, offset_type)                                                   \
  ssize_t name(int descriptor, const void *bytes, size_t count, offset_type offset) { \
    int failed = fails(descriptor, "", count > 1);                                  \
    if (!failed) return ORIGINAL(name)(descriptor, bytes, count, offset);           \
    return failed == 1 && count > 1 ? half(ORIGINAL(name)(descriptor, bytes, count / 2, offset)) : -1; \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

int ftruncate(int descriptor, off_t size) {
  return fails(descriptor, "", 0) ? -1 : ORIGINAL(ftruncate)(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) {
  return fails(descriptor, "", 0) ? -1 : ORIGINAL(ftruncate64)(descriptor, size);
}

int fsync(int descriptor) { return fails(descriptor, "", 0) ? -1 : ORIGINAL(fsync)(descriptor); }

int fdatasync(int descriptor) { return fails(descriptor, "", 0) ? -1 : ORIGINAL(fdatasync)(descriptor); }

int rename(const char *old, const char *new) {
  return fails(AT_FDCWD, new, 0) ? -1 : ORIGINAL(rename)(old, new);
}

/* Removing needs no space, so it only is a moment to die at. */
int unlink(const char *path) {
  return failure == 0 && fails(AT_FDCWD, path, 0) ? -1 : ORIGINAL(unlink)(path);
}

int renameat(int old_folder, const char *old, int new_folder, const char *new) {
  return fails(new_folder, new, 0) ? -1 : ORIGINAL(renameat)(old_folder, old, new_folder, new);
}

static int no_lock(void) {
  errno = ENOLCK;
  return -1;
}

int flock(int descriptor, int operation) {
  return without_locks ? no_lock() : ORIGINAL(flock)(descriptor, operation);
}

#define FCNTL(name)                                                            \
  int name(int descriptor, int command, ...) {                                 \
    va_list rest;                                                              \
    va_start(rest, command);                                                   \
    void *argument = va_arg(rest, void *);                                     \
    va_end(rest);                                                              \
    int is_lock = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW; \
    return without_locks && is_lock ? no_lock() : ORIGINAL(name)(descriptor, command, argument); \
  }
FCNTL(fcntl)
FCNTL(fcntl64)
