#pragma once
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>

// Swift imports neither HDF5's macros that call functions nor its mutable globals: each one that the
// HDF5 module needs is a function here. So is each call whose name differs between 1.10 and 1.14.

// Predefined types.
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t chdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_little_endian_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_little_endian_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_little_endian_int8(void) { return H5T_STD_I8LE; }
static inline hid_t chdf5_little_endian_int32(void) { return H5T_STD_I32LE; }
static inline hid_t chdf5_little_endian_int64(void) { return H5T_STD_I64LE; }

/// A new string type; the caller closes it.
static inline hid_t chdf5_create_string_type(size_t size, H5T_cset_t characters, H5T_str_t padding) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, size) < 0 || H5Tset_cset(type, characters) < 0 || H5Tset_strpad(type, padding) < 0) {
    H5Tclose(type);
    return -1;
  }
  return type;
}

/// A new variable-length UTF-8 string type; the caller closes it.
static inline hid_t chdf5_create_utf8_string_type(void) {
  return chdf5_create_string_type(H5T_VARIABLE, H5T_CSET_UTF8, H5T_STR_NULLTERM);
}

/// A new type of text of `size` bytes, padded with spaces; the caller closes it.
static inline hid_t chdf5_create_fixed_string_type(size_t size) {
  return chdf5_create_string_type(size, H5T_CSET_ASCII, H5T_STR_SPACEPAD);
}

// Property lists and flags.
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_file_create_class(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_dataset_create_class(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_group_create_class(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_all(void) { return H5S_ALL; }
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned chdf5_exclusive(void) { return H5F_ACC_EXCL; }
static inline unsigned chdf5_all_objects(void) { return H5F_OBJ_ALL | H5F_OBJ_LOCAL; }

/// Stops libhdf5 printing its error stack; the stack belongs to the thread in a thread-safe build.
static inline void chdf5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/// No file locks: a finished file never changes, and some file systems have none.
static inline herr_t chdf5_set_no_locking(hid_t access) {
#if H5_VERSION_GE(1, 10, 7)
  return H5Pset_file_locking(access, 0, 1);
#else
  return 0;
#endif
}

/// Opens files of every version of the format that the library knows.
static inline herr_t chdf5_take_any_version(hid_t access) {
  return H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
}

/// 1 if a link leads to an object in this file by itself, 0 for a soft or external one, negative for a
/// failure.
static inline int chdf5_is_hard_link(hid_t location, const char *name) {
#if H5_VERSION_GE(1, 12, 0)
  H5L_info2_t info;
  if (H5Lget_info2(location, name, &info, H5P_DEFAULT) < 0) return -1;
#else
  H5L_info_t info;
  if (H5Lget_info(location, name, &info, H5P_DEFAULT) < 0) return -1;
#endif
  return info.type == H5L_TYPE_HARD;
}

/// 1 if a link leads to an object that is open as `object`, 0 if to another, negative for a failure.
static inline int chdf5_is_object(hid_t location, const char *name, hid_t object) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t linked, open;
  int order;
  if (H5Oget_info_by_name3(location, name, &linked, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
  if (H5Oget_info3(object, &open, H5O_INFO_BASIC) < 0) return -1;
  if (H5Otoken_cmp(object, &linked.token, &open.token, &order) < 0) return -1;
  return linked.fileno == open.fileno && order == 0;
#else
  H5O_info_t linked, open;
  if (H5Oget_info_by_name(location, name, &linked, H5P_DEFAULT) < 0) return -1;
  if (H5Oget_info(object, &open) < 0) return -1;
  return linked.fileno == open.fileno && linked.addr == open.addr;
#endif
}

/// 1 if all of a dataset's values lie in its own file, 0 if some lie in others, negative for a failure.
static inline int chdf5_is_self_contained(hid_t dataset) {
  hid_t creation = H5Dget_create_plist(dataset);
  if (creation < 0) return -1;
  int external = H5Pget_external_count(creation);
  H5D_layout_t layout = H5Pget_layout(creation);
  H5Pclose(creation);
  if (external < 0 || layout < 0) return -1;
  return external == 0 && layout != H5D_VIRTUAL;
}

/// Loads no filter from other libraries, whatever a file asks for.
static inline herr_t chdf5_forbid_plugins(void) { return H5PLset_loading_state(0); }

struct chdf5_message {
  char *text;
  size_t size;
};

static inline herr_t chdf5_copy_message(unsigned n, const H5E_error2_t *error, void *context) {
  struct chdf5_message *message = (struct chdf5_message *)context;
  if (n == 0 && error->desc != NULL) snprintf(message->text, message->size, "%s", error->desc);
  return 0;
}

/// Copies the innermost message of the error stack into `text` (empty if there is none). Call it
/// straight after the failed call: every other call clears the stack.
static inline void chdf5_innermost_message(char *text, size_t size) {
  struct chdf5_message message = {text, size};
  text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, chdf5_copy_message, &message);
}

// Calls taking hbool_t, which is an integer or a bool depending on the version.

/// Keeps a file only in memory, growing byte by byte, so that it is as long there as on a disk.
static inline herr_t chdf5_set_memory_driver(hid_t access) { return H5Pset_fapl_core(access, 1, 0); }

/// Leaves times out of an object, so that the same writes give the same bytes, and keeps the order in
/// which its attributes were written, in which netCDF readers list them.
static inline herr_t chdf5_prepare_object(hid_t creation) {
  if (H5Pset_obj_track_times(creation, 0) < 0) return -1;
  return H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
}

/// The same for a group, and the order of its children; netCDF opens no file for writing without.
static inline herr_t chdf5_prepare_group(hid_t creation) {
  if (chdf5_prepare_object(creation) < 0) return -1;
  return H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
}

// Files in memory: the driver asks for memory through these, and at the end the bytes are kept.

/// The bytes of a file in memory once it is closed; its owner frees them.
struct chdf5_image {
  void *bytes;
};

static inline void *chdf5_allocate(size_t size, H5FD_file_image_op_t operation, void *image) {
  return malloc(size);
}

static inline void *chdf5_reallocate(
    void *bytes, size_t size, H5FD_file_image_op_t operation, void *image) {
  return realloc(bytes, size);
}

static inline herr_t chdf5_keep(void *bytes, H5FD_file_image_op_t operation, void *image) {
  if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE)
    ((struct chdf5_image *)image)->bytes = bytes;
  else
    free(bytes);
  return 0;
}

static inline void *chdf5_same_image(void *image) { return image; }
static inline herr_t chdf5_leave_image(void *image) { return 0; }

/// Puts the bytes of the file into `image` when it is closed; `image` must live until then.
static inline herr_t chdf5_keep_image(hid_t access, struct chdf5_image *image) {
  H5FD_file_image_callbacks_t callbacks = {0};
  callbacks.image_malloc = chdf5_allocate;
  callbacks.image_realloc = chdf5_reallocate;
  callbacks.image_free = chdf5_keep;
  callbacks.udata_copy = chdf5_same_image;
  callbacks.udata_free = chdf5_leave_image;
  callbacks.udata = image;
  return H5Pset_file_image_callbacks(access, &callbacks);
}
