#pragma once
#include <zlib.h>

// A macro in zlib.h, which Swift does not import: decoding of the gzip format, and of no other.
static inline int czlib_inflate_init_gzip(z_streamp stream) {
  return inflateInit2(stream, 16 + MAX_WBITS);
}

// The same for deflate without a header, as in ZIP archives.
static inline int czlib_inflate_init_raw(z_streamp stream) {
  return inflateInit2(stream, -MAX_WBITS);
}
