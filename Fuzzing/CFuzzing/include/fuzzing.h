#pragma once
#include <stdint.h>

// What watches an input while it is tried.

// Exit codes of a process that an input ended.
enum { FUZZING_CRASH = 2, FUZZING_HANG = 3 };

// Prepares the watch; `seconds` is the longest that an input may take.
void fuzzing_start(int seconds);

// An input is tried from here on. Its number is printed if it ends the process.
void fuzzing_begin(uint64_t number);

// It has been tried. Returns the most bytes that were allocated at a time since `fuzzing_begin`; 0 without the address
// sanitizer, which alone counts them.
uint64_t fuzzing_end(void);
