/** The `data` of records by which people hold runs back, version 1. */
export interface ControlRecords {
  /** Nothing new of the run is launched from here on; attempts that have begun go to their end, gates included. */
  'run.paused': Readonly<Record<string, never>>
  'run.resumed': Readonly<Record<string, never>>
  /** As `run.paused`, of every run of the namespace, also of those that are submitted later. */
  'service.paused': Readonly<Record<string, never>>
  'service.resumed': Readonly<Record<string, never>>
}
