// Turns what was seen of routes into told changes and wanted repairs.
#pragma once

#include "agent/core/event_log.h"
#include "agent/core/events.h"
#include "agent/core/route_book.h"
#include "agent/core/route_repairs.h"

namespace ondol::agent {

// Thread: one. Tells every change of a wanted or own object; others within the log's allowance.
class RouteWatch {
 public:
  RouteWatch(RouteBook& book, RouteRepairs& repairs) : book_(book), repairs_(repairs) {}

  // True = only a new read can tell what is there.
  bool on_touched(const RoutesTouched& touched, Turn& turn);
  // True = the reported value may differ now.
  bool on_read(const routes::RouteSnapshot& snapshot, Turn& turn);
  bool counts_changed() const { return counts_changed_; }

 private:
  struct Writer {
    std::optional<Author> author;
    BootTime seen{};
    bool another = false;  // a process, not the kernel itself
  };
  void tell_change(const TableChange& change, const Writer& writer, Turn& turn);
  void tell_wanted(const TableChange& change, const Writer& writer, Turn& turn);
  void tell_unlisted(const TableChange& change, const Writer& writer, Turn& turn);

  RouteBook& book_;
  RouteRepairs& repairs_;
  bool counts_changed_ = false;
};

}  // namespace ondol::agent
