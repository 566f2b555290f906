// MPI's handles are macros that Swift does not import, of other types in each library: a function for each call that
// is used, and a structure for each handle.
#pragma once
#include <mpi.h>
#include <stddef.h>

// Lengths are counted in blocks, so that no message is too long for a count of 32 bits.
enum { CMPI_BLOCK = 4096 };

typedef struct { MPI_Datatype type; } cmpi_block;
typedef struct { MPI_Request request; } cmpi_request;
typedef struct { MPI_Message message; } cmpi_message;

// 0, -1 if MPI fails, or -2 if it was built without threads.
static inline int cmpi_start(int *rank, int *size, cmpi_block *block) {
  int provided = MPI_THREAD_SINGLE;
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return -1;
  if (provided < MPI_THREAD_MULTIPLE) return -2;
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  MPI_Type_contiguous(CMPI_BLOCK, MPI_BYTE, &block->type);
  return MPI_Type_commit(&block->type) == MPI_SUCCESS ? 0 : -1;
}

static inline int cmpi_send(
    const void *bytes, int blocks, cmpi_block block, int rank, int tag, cmpi_request *request) {
  return MPI_Isend(bytes, blocks, block.type, rank, tag, MPI_COMM_WORLD, &request->request);
}

static inline int cmpi_is_done(cmpi_request *request) {
  int done = 0;
  MPI_Test(&request->request, &done, MPI_STATUS_IGNORE);
  return done;
}

// Whether a message is there; `rank` below 0: from any.
static inline int cmpi_probe(
    int rank, int tag, cmpi_block block, cmpi_message *message, int *sender, int *blocks) {
  int found = 0;
  MPI_Status status;
  MPI_Improbe(
      rank < 0 ? MPI_ANY_SOURCE : rank, tag, MPI_COMM_WORLD, &found, &message->message, &status);
  if (!found) return 0;
  *sender = status.MPI_SOURCE;
  MPI_Get_count(&status, block.type, blocks);
  return 1;
}

static inline void cmpi_receive(void *bytes, int blocks, cmpi_block block, cmpi_message *message) {
  MPI_Mrecv(bytes, blocks, block.type, &message->message, MPI_STATUS_IGNORE);
}

static inline void cmpi_abort(void) { MPI_Abort(MPI_COMM_WORLD, 1); }
static inline void cmpi_finish(void) { MPI_Finalize(); }
