// For builds with a sanitizer: Open MPI's plugins leave memory to the end of the process. Kept loaded, they
// can be named in lsan.supp.
extern "C" int dlclose(void*) {
  return 0;
}
