#include "fuzzing.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

// Of the address sanitizer, where the program is built with it.
__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void *);
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static int longest = 5;
static uint64_t current;
static atomic_llong held, most;

static void say(const char *what) {
  char line[96];
  int count = snprintf(line, sizeof line, "\n%s %llu\n", what, (unsigned long long)current);
  ssize_t ignored = write(STDERR_FILENO, line, (size_t)count);
  (void)ignored;
}

static void on_malloc(const volatile void *block, size_t size) {
  (void)block;
  long long now = atomic_fetch_add(&held, (long long)size) + (long long)size;
  long long before = atomic_load(&most);
  while (now > before && !atomic_compare_exchange_weak(&most, &before, now)) {
  }
}

static void on_free(const volatile void *block) {
  if (block) atomic_fetch_sub(&held, (long long)__sanitizer_get_allocated_size(block));
}

static void on_signal(int number) {
  say(number == SIGALRM ? "HANG in input" : "CRASH in input");
  _exit(number == SIGALRM ? FUZZING_HANG : FUZZING_CRASH);
}

static void on_death(void) { say("CRASH in input"); }

void fuzzing_start(int seconds) {
  longest = seconds;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  const int numbers[] = {SIGALRM, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV};
  // The address sanitizer says more about a bad access.
  unsigned count = __sanitizer_set_death_callback ? 4 : sizeof numbers / sizeof *numbers;
  for (unsigned i = 0; i < count; i++) sigaction(numbers[i], &action, NULL);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(on_death);
  if (__sanitizer_install_malloc_and_free_hooks)
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

void fuzzing_begin(uint64_t number) {
  current = number;
  atomic_store(&held, 0);
  atomic_store(&most, 0);
  struct itimerval timer = {.it_value = {.tv_sec = longest}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

uint64_t fuzzing_end(void) {
  struct itimerval timer = {0};
  setitimer(ITIMER_REAL, &timer, NULL);
  long long bytes = atomic_load(&most);
  return bytes > 0 ? (uint64_t)bytes : 0;
}
