/** Labels of every container and mark that an executor makes. */
export const LABEL = {
  scope: 'dev.seamark.scope',
  deployment: 'dev.seamark.deployment',
  launch: 'dev.seamark.launch',
  image: 'dev.seamark.image',
  /** How many companions a launch has; empty for none. */
  companions: 'dev.seamark.companions',
  /** On a companion: its scope and launch, which it has no other label of. */
  beside: 'dev.seamark.beside',
  /** Which instance created the container, and so is the one that may start it. */
  creator: 'dev.seamark.creator',
  timeoutMs: 'dev.seamark.timeout-ms',
  maxOutputBytes: 'dev.seamark.max-output-bytes',
  /** What the keeper says before it tells an end; empty where it tells none. */
  watchword: 'dev.seamark.watchword',
  /** Limits of the spec that are watched. */
  pids: 'dev.seamark.pids',
  idleMs: 'dev.seamark.idle-ms',
  diskBytes: 'dev.seamark.disk-bytes',
  /** On what stands for a launch that could not start: why. */
  notStarted: 'dev.seamark.not-started',
  /** On a mark: why the attempt is being stopped. */
  stop: 'dev.seamark.stop',
} as const

/** What belongs to one executor of one deployment. Neither part holds a dot, so two scopes never share a name. */
export function scopeOf(deployment: string, name: string): string {
  return `seamark.${deployment}.${name}`
}

/** The one name of a launch's container: the engine lets only one have it. */
export function containerName(scope: string, launchId: string): string {
  return `${scope}.${launchId}`
}

/** The name of the empty volume that says that a launch was reaped, or why it is being stopped. */
export function markName(scope: string, launchId: string, what: 'reaped' | 'stop'): string {
  return `${scope}.${launchId}.${what}`
}
