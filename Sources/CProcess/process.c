#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__linux__)
#include <malloc.h>
#endif

void cprocess_set_large_block_size(int bytes) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, bytes);
#else
  (void)bytes;
#endif
}

int cprocess_standard_output_failed(void) { return fflush(stdout) != 0 || ferror(stdout) != 0; }

static struct sigaction previous[32];
static struct rlimit limit;
static unsigned long long page;

// Bytes of address space, or 0. Calls nothing that a signal handler may not.
static unsigned long long address_space(void) {
  char text[64];
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t count = read(file, text, sizeof text);
  close(file);
  unsigned long long pages = 0;
  for (ssize_t i = 0; i < count && text[i] >= '0' && text[i] <= '9'; i++)
    pages = pages * 10 + (unsigned long long)(text[i] - '0');
  return pages * page;
}

static void explain(int number, siginfo_t *information, void *context) {
  (void)context;
  // Not where another process sent the signal, and only where memory is short.
  int is_own = information->si_code > 0 || information->si_pid == getpid();
  if (is_own && address_space() > limit.rlim_cur / 2) {
    static const char line[] =
        "\nError: memory: most likely an allocation failed within the limit that is set (ulimit -v); raise it, or give "
        "fewer --workers\n";
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    _exit(1);
  }
  sigaction(number, &previous[number], NULL);
  raise(number);
}

void cprocess_explain_failed_allocations(void) {
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  page = (unsigned long long)sysconf(_SC_PAGESIZE);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = explain;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGTRAP};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaction(numbers[i], &action, &previous[numbers[i]]);
}

int cprocess_ignores(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
}

// Before the runtime asks for its first thread.
__attribute__((constructor)) static void require_room_for_threads(void) {
  const unsigned long long least = 160ull << 20;
  page = (unsigned long long)sysconf(_SC_PAGESIZE);
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  unsigned long long taken = address_space();
  if (taken + least <= limit.rlim_cur) return;
  fprintf(stderr, "Error: memory: ulimit -v is %llu MB, expected at least %llu MB; raise it\n",
          (unsigned long long)limit.rlim_cur >> 20, (taken + least) >> 20);
  _exit(1);
}
