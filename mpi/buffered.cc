#include "mpi/buffered.h"

#include <algorithm>
#include <functional>
#include <new>
#include <vector>

#include "host/base/errors.h"
#include "mpi/element.h"
#include "mpi/pattern.h"

namespace traincast {
namespace {

// Patterns pass through the host in pieces, so that verifying needs little memory beside the buffers.
constexpr std::int64_t kChunk = 1 << 20;

void in_chunks(std::int64_t units, const std::function<bool(std::int64_t first, std::size_t count)>& visit) {
  for (std::int64_t first = 0; first < units; first += kChunk) {
    if (!visit(first, static_cast<std::size_t>(std::min(kChunk, units - first)))) return;
  }
}
std::size_t chunk_units(std::int64_t units) {
  return static_cast<std::size_t>(std::min(kChunk, units));
}

void fill_input(PreparedCollective& prepared, int rank) {
  const Layout& layout = prepared.layout;
  const std::size_t width = unit_bytes(layout.dtype);
  const Pattern pattern(layout, rank);
  std::vector<float> values(chunk_units(layout.send));
  std::vector<std::byte> bytes(values.size() * width);
  in_chunks(layout.send, [&](std::int64_t first, std::size_t count) {
    pattern.input(first, std::span(values).first(count));
    encode(layout.dtype, std::span(values).first(count), bytes.data());
    prepared.send->write(prepared.input_offset + static_cast<std::size_t>(first) * width, bytes.data(),
                         count * width);
    return true;
  });
  prepared.fresh = true;
}

void poison_output(PreparedCollective& prepared) {
  const Layout& layout = prepared.layout;
  const std::size_t width = unit_bytes(layout.dtype);
  const std::vector<std::byte> poison(chunk_units(layout.receive) * width, kPoison);
  in_chunks(layout.receive, [&](std::int64_t first, std::size_t count) {
    prepared.output().write(prepared.output_offset + static_cast<std::size_t>(first) * width, poison.data(),
                            count * width);
    return true;
  });
}

// In place the output holds the input, so it is poisoned first.
void fill(PreparedCollective& prepared, int rank) {
  if (!prepared.in_place || !prepared.fresh) poison_output(prepared);
  if (!prepared.fresh) fill_input(prepared, rank);
}

bool can_share_a_buffer(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::all_gather ||
         collective == Collective::reduce_scatter;
}

std::string check_output(PreparedCollective& prepared, int rank) {
  const Layout& layout = prepared.layout;
  const std::size_t width = unit_bytes(layout.dtype);
  const Pattern pattern(layout, rank);
  std::vector<float> values(chunk_units(layout.receive));
  std::vector<std::byte> bytes(values.size() * width);
  std::string difference;
  in_chunks(layout.receive, [&](std::int64_t first, std::size_t count) {
    prepared.output().read(prepared.output_offset + static_cast<std::size_t>(first) * width, bytes.data(),
                           count * width);
    decode(layout.dtype, bytes.data(), std::span(values).first(count));
    difference = first_difference(pattern, first, std::span<const float>(values).first(count));
    return difference.empty();
  });
  return difference;
}

Bytes memory(const PreparedCollective& prepared) {
  const Bytes sent = prepared.layout.send_bytes();
  const Bytes received = prepared.layout.receive_bytes();
  return prepared.in_place ? std::max(sent, received) : sent + received;
}

}  // namespace

// This rank's reason not to go on, or "". A rank that threw here would leave the others waiting.
std::string BufferedCommunicator::try_prepare(PreparedCollective& prepared, Bytes message) {
  try {
    const Collective collective = prepared.layout.collective;
    const std::string why = why_unsupported(collective);
    if (!why.empty()) return std::string(traincast::name(collective)) + ": " + why;
    prepared.layout = make_layout(collective, message, prepared.layout.dtype, session_.size());
    accept(prepared.layout);
    const Layout& layout = prepared.layout;
    const auto sent = static_cast<std::size_t>(layout.send_bytes().value());
    const auto received = static_cast<std::size_t>(layout.receive_bytes().value());
    if (prepared.in_place) {
      prepared.send = allocate(std::max(sent, received));
      const std::size_t own = static_cast<std::size_t>(session_.rank()) *
                              static_cast<std::size_t>(layout.block) * unit_bytes(layout.dtype);
      if (collective == Collective::all_gather) prepared.input_offset = own;
      if (collective == Collective::reduce_scatter) prepared.output_offset = reduced_in_place_at(layout);
    } else {
      prepared.send = allocate(sent);
      prepared.receive = allocate(received);
    }
    fill(prepared, session_.rank());
    return "";
  } catch (const std::bad_alloc&) {
    return to_string(prepared.layout) + " does not fit in memory: it needs " + to_string(memory(prepared)) +
           " a rank";
  } catch (const CommError& error) {
    return error.what();
  }
}

std::unique_ptr<Prepared> BufferedCommunicator::prepare(Collective collective, Bytes message,
                                                        DataType dtype) {
  return prepare_at(collective, message, dtype, false);
}

std::unique_ptr<Prepared> BufferedCommunicator::prepare_in_place(Collective collective, Bytes message,
                                                                 DataType dtype) {
  const bool possible = session_.size() > 1 && runs_in_place() && can_share_a_buffer(collective);
  return prepare_at(collective, message, dtype, possible);
}

bool BufferedCommunicator::in_place(const Prepared& prepared) const {
  return dynamic_cast<const PreparedCollective&>(prepared).in_place;
}

std::unique_ptr<Prepared> BufferedCommunicator::prepare_at(Collective collective, Bytes message,
                                                           DataType dtype, bool in_place) {
  auto prepared = make_prepared();
  prepared->in_place = in_place;
  prepared->layout.collective = collective;
  prepared->layout.dtype = dtype;
  const std::string failure = first_failure(session_, try_prepare(*prepared, message));
  if (!failure.empty()) throw CommError(failure);
  return prepared;
}

Bytes BufferedCommunicator::message(const Prepared& prepared) const {
  return dynamic_cast<const PreparedCollective&>(prepared).layout.message();
}

Seconds BufferedCommunicator::time(Prepared& prepared, int repeats) {
  auto& collective = dynamic_cast<PreparedCollective&>(prepared);
  collective.fresh = collective.fresh && !collective.in_place;
  session_.barrier();
  const Seconds mine = run(collective, repeats);
  return Seconds(session_.max(mine.value()));
}

void BufferedCommunicator::start(Prepared& prepared, int repeats) {
  auto& collective = dynamic_cast<PreparedCollective&>(prepared);
  collective.fresh = collective.fresh && !collective.in_place;
  begin(collective, repeats);
}

Seconds BufferedCommunicator::wait(Prepared& prepared) {
  return end(dynamic_cast<PreparedCollective&>(prepared));
}

void BufferedCommunicator::begin(PreparedCollective& prepared, int repeats) {
  std::promise<Seconds> promise;
  promise.set_value(run(prepared, repeats));
  prepared.done = promise.get_future();
}

Seconds BufferedCommunicator::end(PreparedCollective& prepared) {
  return prepared.done.get();
}

std::unique_ptr<Communicator> BufferedCommunicator::split(int color, int key) {
  return over(session_.split(color, key), color, key);
}

std::string BufferedCommunicator::verify(Prepared& prepared) {
  auto& collective = dynamic_cast<PreparedCollective&>(prepared);
  fill(collective, session_.rank());
  session_.barrier();
  collective.fresh = !collective.in_place;
  run(collective, 1);
  const std::string failure = first_failure(session_, check_output(collective, session_.rank()));
  return failure.empty() ? "" : to_string(collective.layout) + ", " + failure;
}

}  // namespace traincast
