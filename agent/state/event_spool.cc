#include "agent/state/event_spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "common/base/byte_stream.h"
#include "common/base/digest.h"
#include "common/wire/routes_wire.h"

namespace ondol::agent {
namespace {

constexpr std::string_view kPrefix = "events-";
constexpr char kNumbers[] = "numbers";
constexpr std::uint32_t kNumbersVersion = 1;
constexpr std::size_t kDigits = 20;
constexpr std::size_t kHeader = 4 + 8 + 8;          // length, digest, number
constexpr std::size_t kMaxEvent = 256u << 10;       // bytes of one encoded event
constexpr std::uint64_t kTidyAfter = 64u << 10;     // an acknowledged last segment of this size is replaced

std::string sealed(std::uint64_t sequence, std::string_view event) {
  ByteWriter tail;
  tail.u64(sequence);
  tail.raw(event);
  const std::string body = std::move(tail).take();
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(event.size()));
  out.raw(as_bytes(digest_of(body)).substr(0, 8));
  out.raw(body);
  return std::move(out).take();
}

struct Record {
  std::uint64_t sequence = 0;
  std::string_view event;
  std::size_t size = 0;  // 0 = torn or broken
};

Record parse_record(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint32_t length = in.count(kMaxEvent);
  const std::string_view digest = in.raw(8);
  const std::string_view body = in.raw(8 + static_cast<std::size_t>(length));
  if (!in.good() || as_bytes(digest_of(body)).substr(0, 8) != digest) return {};
  ByteReader inside(body);
  const std::uint64_t sequence = inside.u64();
  return {sequence, body.substr(8), kHeader + length};
}

std::string read_file(int dir, const std::string& name) {
  std::string bytes;
  const int fd = ::openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return bytes;
  char buffer[65'536];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) bytes.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  return bytes;
}

}  // namespace

Result<EventSpool> EventSpool::open(const std::string& path, const SpoolLimits& limits) {
  auto dir = Directory::open(path);
  if (!dir) return fail(dir.error());
  EventSpool spool(std::move(*dir), limits);
  ONDOL_TRY(spool.scan());
  spool.read_numbers();
  return spool;
}

// A spool without the file is new, or its directory was wiped: nothing in it was ever compared with the collector's.
void EventSpool::read_numbers() {
  const auto stored = read_framed(dir_, kNumbers, kNumbersVersion);
  if (stored && *stored) {
    ByteReader in(**stored);
    const std::uint64_t base = in.u64(), unproven = in.u64();
    if (in.good()) {
      base_ = base;
      unproven_ = unproven > 0 ? unproven : next_;  // what comes now may be given a second time
    }
  }
  write_numbers();
}

// Failing is not an error: without the file more is unproven, and some events may be told twice.
void EventSpool::write_numbers() const {
  ByteWriter out;
  out.u64(base_);
  out.u64(unproven_.value_or(0));
  static_cast<void>(write_framed(dir_, kNumbers, kNumbersVersion, std::move(out).take()));
}

void EventSpool::settle(EventSequence from, std::uint64_t by) {
  if (by > 0) truncate(EventSequence{from.value - 1});
  base_ += by;
  unproven_.reset();
  write_numbers();
}

session::HostEvent EventSpool::decoded(const Recent& event) const {
  const EventSequence sequence{event.sequence + base_};
  auto read = wire::decode_host_event(event.bytes);
  // Written by another version: its number must not be missing.
  if (!read) return {sequence, {}, session::ObserverNotice{session::ResourceType::kRoutes, "resync", "an event could not be read back"}};
  auto* repair = std::get_if<session::RouteRepair>(&read->what);
  if (repair != nullptr && repair->answers.value > 0) repair->answers.value += sequence.value - read->sequence.value;
  read->sequence = sequence;
  return std::move(*read);
}

std::string EventSpool::name_of(std::uint64_t first) const { return fmt::format("{}{:020}", kPrefix, first); }

Result<void> EventSpool::scan() {
  std::vector<std::uint64_t> firsts;
  const int fd = ::openat(dir_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = fd < 0 ? nullptr : ::fdopendir(fd);
  if (listing == nullptr) return fail(Errc::kIo, std::string("cannot list: ") + std::strerror(errno), dir_.path());
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    std::uint64_t first = 0;
    if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kDigits) continue;
    const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), first);
    if (error == std::errc{} && end == name.data() + name.size() && first > 0) firsts.push_back(first);
  }
  ::closedir(listing);
  std::sort(firsts.begin(), firsts.end());
  for (const std::uint64_t first : firsts) ONDOL_TRY(scan_segment(first, first == firsts.back()));
  if (!segments_.empty()) next_ = segments_.back().first + segments_.back().events;
  return {};
}

Result<void> EventSpool::scan_segment(std::uint64_t first, bool is_last) {
  const std::string bytes = read_file(dir_.fd(), name_of(first));
  // A hole makes everything before it worthless: batches are contiguous.
  while (!segments_.empty() && segments_.back().first + segments_.back().events != first) drop_oldest_segment();
  Segment segment{first, 0, 0};
  while (segment.bytes < bytes.size()) {
    const Record record = parse_record(std::string_view(bytes).substr(segment.bytes));
    if (record.size == 0 || record.sequence != first + segment.events) break;
    segment.bytes += record.size;
    ++segment.events;
  }
  if (segment.bytes < bytes.size()) {
    torn_bytes_ += bytes.size() - segment.bytes;
    const int fd = ::openat(dir_.fd(), name_of(first).c_str(), O_WRONLY | O_CLOEXEC);
    const bool cut = fd >= 0 && ::ftruncate(fd, static_cast<off_t>(segment.bytes)) == 0;
    if (fd >= 0) ::close(fd);
    if (!cut && is_last) return fail(Errc::kIo, std::string("cannot cut off a torn end: ") + std::strerror(errno), dir_.path());
  }
  segments_.push_back(segment);
  return {};
}

void EventSpool::append(const session::HostEvent& event) {
  if (event.sequence < next()) return;
  if (event.sequence != next()) truncate(EventSequence{event.sequence.value - 1});
  const std::uint64_t sequence = event.sequence.value - base_;
  recent_.push_back({sequence, wire::encode(event), false});
  next_ = sequence + 1;
  flush_recent();
  enforce_limits();
}

void EventSpool::flush_recent() {
  for (Recent& event : recent_) {
    if (event.on_disk) continue;
    event.on_disk = write_record(event);
    if (!event.on_disk && segments_.size() > 1) {
      drop_oldest_segment();  // gives space back
      event.on_disk = write_record(event);
    }
    if (!event.on_disk) return;
  }
  problem_.clear();
}

bool EventSpool::write_record(const Recent& event) {
  const bool continues = !segments_.empty() && segments_.back().first + segments_.back().events == event.sequence;
  if (!continues || segments_.back().bytes >= limits_.segment_bytes) {
    if (!start_segment(event.sequence)) return false;
  }
  Segment& segment = segments_.back();
  const std::string record = sealed(event.sequence, event.bytes);
  const int fd = ::openat(dir_.fd(), name_of(segment.first).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  ssize_t written = -1;
  if (fd >= 0) written = ::pwrite(fd, record.data(), record.size(), static_cast<off_t>(segment.bytes));
  if (written != static_cast<ssize_t>(record.size())) {
    problem_ = fmt::format("events cannot be written: {}", written < 0 ? std::strerror(errno) : "no space left");
    if (fd >= 0 && ::ftruncate(fd, static_cast<off_t>(segment.bytes)) != 0) problem_ += ", nor cut off";
  } else {
    segment.bytes += record.size();
    ++segment.events;
    unflushed_.insert(segment.first);
  }
  if (fd >= 0) ::close(fd);
  return written == static_cast<ssize_t>(record.size());
}

bool EventSpool::start_segment(std::uint64_t first) {
  const int fd = ::openat(dir_.fd(), name_of(first).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) {
    problem_ = fmt::format("events cannot be written: {}", std::strerror(errno));
    return false;
  }
  ::close(fd);
  segments_.push_back({first, 0, 0});
  return true;
}

void EventSpool::drop_oldest_segment() {
  const Segment& oldest = segments_.front();
  const std::uint64_t end = oldest.first + oldest.events;
  const std::uint64_t kept_from = std::max(oldest.first, acknowledged_ + 1);
  if (end > kept_from) dropped_ += end - kept_from;
  ::unlinkat(dir_.fd(), name_of(oldest.first).c_str(), 0);
  unflushed_.erase(oldest.first);
  segments_.pop_front();
}

void EventSpool::enforce_limits() {
  const auto bytes = [this] {
    std::uint64_t sum = 0;
    for (const Segment& segment : segments_) sum += segment.bytes;
    return sum;
  };
  while (segments_.size() > 1 && (depth() > limits_.max_events || bytes() > limits_.max_bytes)) drop_oldest_segment();
  while (recent_.size() > limits_.kept_in_memory) {
    if (!recent_.front().on_disk) {  // no disk to speak of: what is older than memory holds is lost
      while (!segments_.empty()) drop_oldest_segment();
      ++dropped_;
    }
    recent_.pop_front();
  }
}

void EventSpool::truncate(EventSequence through) {
  if (through.value < base_) return;
  acknowledged_ = std::max(acknowledged_, through.value - base_);
  while (!recent_.empty() && recent_.front().sequence <= acknowledged_) recent_.pop_front();
  const bool jumps = acknowledged_ >= next_;
  if (jumps) next_ = acknowledged_ + 1;
  const auto is_done = [this](const Segment& s) { return s.first + s.events <= acknowledged_ + 1; };
  while (segments_.size() > 1 && is_done(segments_.front())) drop_oldest_segment();
  // The name of the last segment carries the next number, so there is always one.
  const bool tidy = segments_.size() == 1 && is_done(segments_.front()) && segments_.front().bytes > kTidyAfter;
  if ((jumps || tidy) && start_segment(next_) && segments_.size() > 1) drop_oldest_segment();
}

EventSequence EventSpool::oldest() const {
  std::uint64_t oldest = next_;
  for (const Segment& segment : segments_) {
    if (segment.events > 0) oldest = std::min(oldest, segment.first);
  }
  if (!recent_.empty()) oldest = std::min(oldest, recent_.front().sequence);
  return EventSequence{std::min(next_, std::max(oldest, acknowledged_ + 1)) + base_};
}

std::uint64_t EventSpool::depth() const { return next().value - oldest().value; }

Result<session::EventBatch> EventSpool::read(EventSequence from, std::size_t max_bytes) {
  session::EventBatch batch;
  batch.first = std::max(from, oldest());
  batch.lost = batch.first.value - from.value;
  flush_recent();
  std::size_t bytes = 0;
  for (const Recent& event : load(batch.first.value - base_, max_bytes)) {
    bytes += event.bytes.size();
    if (!batch.events.empty() && (bytes > max_bytes || batch.events.size() >= session::kMaxEventsPerBatch)) break;
    batch.events.push_back(decoded(event));
  }
  if (batch.events.empty() && batch.first < next()) return fail(Errc::kIo, "events cannot be read back", dir_.path());
  return batch;
}

std::vector<std::string> EventSpool::take_unflushed() {
  std::vector<std::string> files;
  for (const std::uint64_t first : std::exchange(unflushed_, {})) files.push_back(dir_.path() + "/" + name_of(first));
  if (!files.empty()) files.push_back(dir_.path());  // a new segment's name
  return files;
}

void EventSpool::flushed(const Result<void>& result) {
  flush_problem_ = result ? "" : "events may not survive a power cut: " + result.error().message;
  if (!result && !segments_.empty()) unflushed_.insert(segments_.back().first);  // tried again
}

Result<void> flush_files(const std::vector<std::string>& files) {
  Result<void> result;
  for (const std::string& file : files) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) continue;
    if (fd < 0 || ::fsync(fd) != 0) result = fail(Errc::kIo, std::string("cannot sync: ") + std::strerror(errno), file);
    if (fd >= 0) ::close(fd);
  }
  return result;
}

std::vector<EventSpool::Recent> EventSpool::load(std::uint64_t from, std::size_t max_bytes) const {
  std::vector<Recent> found;
  if (!recent_.empty() && recent_.front().sequence <= from) {
    for (const Recent& event : recent_) {
      if (event.sequence >= from && found.size() < session::kMaxEventsPerBatch) found.push_back(event);
    }
    return found;
  }
  std::size_t bytes = 0;
  for (const Segment& segment : segments_) {
    if (segment.first + segment.events <= from || bytes > max_bytes) continue;
    const std::string whole = read_file(dir_.fd(), name_of(segment.first));
    for (std::size_t at = 0; at < whole.size() && found.size() < session::kMaxEventsPerBatch && bytes <= max_bytes;) {
      const Record record = parse_record(std::string_view(whole).substr(at));
      if (record.size == 0) break;
      at += record.size;
      if (record.sequence < from) continue;
      bytes += record.event.size();
      found.push_back({record.sequence, std::string(record.event), true});
    }
    if (found.size() >= session::kMaxEventsPerBatch) break;
  }
  return found;
}

}  // namespace ondol::agent
