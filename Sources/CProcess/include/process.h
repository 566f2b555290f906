#pragma once

// What only C can ask of the process.

// Sets the size from which blocks come from the system one by one, and go back to it; nothing if the C library is not
// glibc.
void cprocess_set_large_block_size(int bytes);

// Whether anything that was printed to standard output was lost.
int cprocess_standard_output_failed(void);

// Where `ulimit -v` sets a limit and more than half of it is taken: a fault, which is most likely a failed allocation,
// ends the process with a line and code 1 instead of a signal. Signals from other processes do what they did before.
void cprocess_explain_failed_allocations(void);

// Whether a signal is ignored.
int cprocess_ignores(int number);
