// Pageable host memory.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>

#include "mpi/buffered.h"

namespace traincast {

class HostBuffer final : public Buffer {
 public:
  // Left unwritten, as a vector would not: touching it once, while filling, is enough.
  explicit HostBuffer(std::size_t bytes) : bytes_(new std::byte[bytes]) {}
  void* data() override { return bytes_.get(); }
  void write(std::size_t offset, const std::byte* from, std::size_t bytes) override {
    std::memcpy(bytes_.get() + offset, from, bytes);
  }
  void read(std::size_t offset, std::byte* to, std::size_t bytes) override {
    std::memcpy(to, bytes_.get() + offset, bytes);
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace traincast
