#pragma once

// What only C can ask of the process.

// Sets the size from which blocks come from the system one by one, and go back to it; nothing if the C library is not
// glibc.
void cprocess_set_large_block_size(int bytes);

// Whether anything that was printed to standard output was lost.
int cprocess_standard_output_failed(void);

// Where `ulimit -v` sets a limit: says in a line that an allocation failed, and ends the process with code 1, where Swift
// ends it by a signal. Signals from elsewhere do what they did before.
void cprocess_explain_failed_allocations(void);
