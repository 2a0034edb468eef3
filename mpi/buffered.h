// What all communicators share: sizes, buffers, agreement between ranks, verification. A fabric adds how to
// allocate and how to run.
#pragma once

#include <cstddef>
#include <future>
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
  bool in_place = false;                  // `receive` is empty and both share `send`
  std::unique_ptr<Buffer> send, receive;  // input and output
  // Where, in bytes, this rank's input and output begin in their buffers; 0 unless in place.
  std::size_t input_offset = 0, output_offset = 0;
  bool fresh = false;         // the input is as it was filled: no call has overwritten it
  std::future<Seconds> done;  // of what start() began

  Buffer& output() { return in_place ? *send : *receive; }
  const void* input_data() { return static_cast<const std::byte*>(send->data()) + input_offset; }
  void* output_data() { return static_cast<std::byte*>(output().data()) + output_offset; }
};

class BufferedCommunicator : public Communicator {
 public:
  explicit BufferedCommunicator(Session& session) : session_(session) {}
  explicit BufferedCommunicator(std::unique_ptr<Session> own) : own_(std::move(own)), session_(*own_) {}
  std::unique_ptr<Prepared> prepare(Collective collective, Bytes message, DataType dtype) final;
  std::unique_ptr<Prepared> prepare_in_place(Collective collective, Bytes message, DataType dtype) final;
  bool in_place(const Prepared& prepared) const final;
  Bytes message(const Prepared& prepared) const final;
  Seconds time(Prepared& prepared, int repeats) final;
  using Communicator::start;
  void start(Prepared& prepared, int repeats) final;
  Seconds wait(Prepared& prepared) final;
  std::unique_ptr<Communicator> split(int color, int key) final;
  std::string verify(Prepared& prepared) final;

 protected:
  Session& session() const { return session_; }
  // run() in two halves; a fabric that cannot work in the background does it all in the first.
  virtual void begin(PreparedCollective& prepared, int repeats);
  virtual Seconds end(PreparedCollective& prepared);

 private:
  // Throws CommError where this fabric cannot run the layout, beyond why_unsupported().
  virtual void accept(const Layout& layout) const = 0;
  // Throws CommError or std::bad_alloc.
  virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  // Whether this fabric works in place, given that the collective can.
  virtual bool runs_in_place() const { return false; }
  // Where a reduce_scatter in place leaves this rank's part, in bytes.
  virtual std::size_t reduced_in_place_at(const Layout&) const { return 0; }
  virtual std::unique_ptr<PreparedCollective> make_prepared() {
    return std::make_unique<PreparedCollective>();
  }
  // Runs `repeats` calls back to back from input to output; this rank's time for all of them.
  virtual Seconds run(PreparedCollective& prepared, int repeats) = 0;
  // This fabric over those ranks; `part` is nullptr on a rank that belongs to none.
  virtual std::unique_ptr<Communicator> over(std::unique_ptr<Session> part, int color, int key) = 0;

  std::string try_prepare(PreparedCollective& prepared, Bytes message);
  std::unique_ptr<Prepared> prepare_at(Collective collective, Bytes message, DataType dtype, bool in_place);
  std::unique_ptr<Session> own_;  // of a part of another communicator's ranks
  Session& session_;
};

}  // namespace traincast
