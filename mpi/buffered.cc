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
    prepared.send->write(static_cast<std::size_t>(first) * width, bytes.data(), count * width);
    return true;
  });
}

void poison_output(PreparedCollective& prepared) {
  const Layout& layout = prepared.layout;
  const std::size_t width = unit_bytes(layout.dtype);
  const std::vector<std::byte> poison(chunk_units(layout.receive) * width, kPoison);
  in_chunks(layout.receive, [&](std::int64_t first, std::size_t count) {
    prepared.receive->write(static_cast<std::size_t>(first) * width, poison.data(), count * width);
    return true;
  });
}

std::string check_output(PreparedCollective& prepared, int rank) {
  const Layout& layout = prepared.layout;
  const std::size_t width = unit_bytes(layout.dtype);
  const Pattern pattern(layout, rank);
  std::vector<float> values(chunk_units(layout.receive));
  std::vector<std::byte> bytes(values.size() * width);
  std::string difference;
  in_chunks(layout.receive, [&](std::int64_t first, std::size_t count) {
    prepared.receive->read(static_cast<std::size_t>(first) * width, bytes.data(), count * width);
    decode(layout.dtype, bytes.data(), std::span(values).first(count));
    difference = first_difference(pattern, first, std::span<const float>(values).first(count));
    return difference.empty();
  });
  return difference;
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
    prepared.send = allocate(static_cast<std::size_t>(prepared.layout.send_bytes().value()));
    prepared.receive = allocate(static_cast<std::size_t>(prepared.layout.receive_bytes().value()));
    fill_input(prepared, session_.rank());
    poison_output(prepared);
    return "";
  } catch (const std::bad_alloc&) {
    return to_string(prepared.layout) + " does not fit in memory: it needs " +
           to_string(prepared.layout.send_bytes() + prepared.layout.receive_bytes()) + " a rank";
  } catch (const CommError& error) {
    return error.what();
  }
}

std::unique_ptr<Prepared> BufferedCommunicator::prepare(Collective collective, Bytes message,
                                                        DataType dtype) {
  auto prepared = std::make_unique<PreparedCollective>();
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
  session_.barrier();
  const Seconds mine = run(collective, repeats);
  return Seconds(session_.max(mine.value()));
}

std::string BufferedCommunicator::verify(Prepared& prepared) {
  auto& collective = dynamic_cast<PreparedCollective&>(prepared);
  poison_output(collective);
  session_.barrier();
  run(collective, 1);
  const std::string failure = first_failure(session_, check_output(collective, session_.rank()));
  return failure.empty() ? "" : to_string(collective.layout) + ", " + failure;
}

}  // namespace traincast
