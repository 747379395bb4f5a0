import type { BlobRef } from './seam.ts'

/** A helper program beside an item's own, in its sandbox or in a container on its network, such as a database. */
export interface PlanService {
  readonly name: string
  /** Command line that stays in the foreground. Absent, with `image`: what the image starts by itself. */
  readonly run?: string
  /**
   * What it runs in, instead of the item's sandbox: `name@sha256:<digest>`, or an image id `sha256:<64 hex>`. The executor must have it among
   * its `companions`.
   */
  readonly image?: string
  readonly ready: {
    /** Command line that ends with 0 once the service is ready. */
    readonly run: string
    /** Between two looks. Default `500ms`. */
    readonly every?: string
    /** How long it may take. Default `1m`. */
    readonly timeout?: string
  }
  readonly env?: Readonly<Record<string, string>>
  /** Between SIGTERM and SIGKILL. Default `10s`. */
  readonly stop?: string
}

/** What a service may have from the defaults of an item or a plan. */
export interface PlanServiceDefaults extends Pick<PlanService, 'env' | 'stop'> {
  readonly ready?: Omit<PlanService['ready'], 'run'>
}

/** The same as the engine keeps it, with every default. */
export interface ServiceSpec {
  readonly name: string
  readonly run?: string
  readonly image?: string
  readonly ready: { readonly run: string; readonly everyMs: number; readonly timeoutMs: number }
  readonly env: Readonly<Record<string, string>>
  readonly stopMs: number
}

/** A service of an item, once its launch has ended. They are told in the order of the plan; where nothing was started, none is. */
export interface ServiceReport {
  readonly name: string
  /**
   * `stopped`: with the item, by SIGTERM. `killed`: with the item, by SIGKILL, as SIGTERM was not enough. `ended`: by itself, while
   * the item's program ran. `not-ready`: so that program was not started. `not-started`: one before it was not ready. Absent: not
   * known, as where all of the launch was killed.
   */
  readonly end?: 'stopped' | 'killed' | 'ended' | 'not-ready' | 'not-started'
  /** Exit code, where it exited. */
  readonly code?: number
  /** Signal name, where a signal ended it. */
  readonly signal?: string
  /** What it wrote to stdout and stderr; absent where there is no such file. */
  readonly log?: BlobRef
  /** Bytes that it wrote beyond what is kept. */
  readonly lost?: number
}
