// What all communicators share: sizes, buffers, agreement between ranks, verification. A fabric adds how to
// allocate and how to run.
#pragma once

#include <memory>
#include <string>

#include "mpi/communicator.h"
#include "mpi/layout.h"

namespace traincast {

// Memory of the kind that a fabric sends from, reached from the host only through copies.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual void* data() = 0;
  virtual void write(std::size_t offset, const std::byte* from, std::size_t bytes) = 0;
  virtual void read(std::size_t offset, std::byte* to, std::size_t bytes) = 0;
};

struct PreparedCollective : Prepared {
  Layout layout;
  std::unique_ptr<Buffer> send, receive;
};

class BufferedCommunicator : public Communicator {
 public:
  explicit BufferedCommunicator(Session& session) : session_(session) {}
  std::unique_ptr<Prepared> prepare(Collective collective, Bytes message, DataType dtype) final;
  Bytes message(const Prepared& prepared) const final;
  Seconds time(Prepared& prepared, int repeats) final;
  std::string verify(Prepared& prepared) final;

 protected:
  Session& session() const { return session_; }

 private:
  // Throws CommError where this fabric cannot run the layout, beyond why_unsupported().
  virtual void accept(const Layout& layout) const = 0;
  // Throws CommError or std::bad_alloc.
  virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  // Runs `repeats` calls back to back from send to receive, out of place; this rank's time for all of them.
  virtual Seconds run(PreparedCollective& prepared, int repeats) = 0;

  std::string try_prepare(PreparedCollective& prepared, Bytes message);
  Session& session_;
};

}  // namespace traincast
