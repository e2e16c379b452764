//! A Functions app as it lies on disk: host.json, function.json, settings and schedules
