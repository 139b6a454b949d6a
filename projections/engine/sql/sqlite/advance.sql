WITH step (name, version, build, epoch, was, position, event_id, recorded_at) AS (VALUES :steps)
UPDATE projection SET position = step.position, event_id = step.event_id, recorded_at = step.recorded_at
FROM step WHERE projection.name = step.name AND projection.version = step.version AND projection.build = step.build
  AND projection.epoch = step.epoch AND projection.position = step.was
