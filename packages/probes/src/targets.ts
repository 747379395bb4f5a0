/** What of the host is there to be reached: made outside, tried inside. */
export interface Targets {
  /** What is in the environment of a process outside, and in the files. */
  readonly canary: string
  /** Absolute paths of files of the host with the canary. */
  readonly files: readonly string[]
  /** Folders of the host that nothing may be written to. */
  readonly folders: readonly string[]
  /** Files of the host that its programs take commands from, which any user may write. */
  readonly configurations: readonly string[]
  /** Path of a socket on which the host listens, and the name of one in the abstract namespace. */
  readonly socket: string
  readonly abstractSocket: string
  /** Port on which the host listens, and the host's addresses. */
  readonly port: number
  readonly addresses: readonly string[]
  /** A process of the host. */
  readonly pid: number
}

/** Targets as the program outside wrote them. */
export function targetsFrom(text: string): Targets {
  const value: unknown = JSON.parse(text)
  if (isTargets(value)) return value
  throw new TypeError('These are no targets.')
}

function isTargets(value: unknown): value is Targets {
  return typeof value === 'object' && value !== null && 'canary' in value && 'addresses' in value
}

/** What a probe is about. */
export interface ProbeKind {
  /** What must not work, as a sentence about the program inside. */
  readonly about: string
  /** Public advisories of holes that were of this kind, by CVE or GHSA identifier. */
  readonly advisories?: readonly string[]
}

/** One way out, tried from inside. */
export interface Try<Of = Targets> extends ProbeKind {
  /** What it got through to; `undefined` where it came to nothing. Errors: `Absent`; any other means that it came to nothing. */
  run(targets: Of): string | undefined | Promise<string | undefined>
}

/** A try can not be made, since what it needs is not inside. */
export class Absent extends Error {}

/** The first of several that did not fail, as text. */
export function first<T>(all: readonly T[], attempt: (one: T) => unknown): string | undefined {
  for (const one of all) {
    try {
      if (attempt(one) !== false) return Array.isArray(one) ? one.join(' ') : String(one)
    } catch (error) {
      if (error instanceof Absent) throw error
      // Refused, as it should be.
    }
  }
  return undefined
}
