/** What a deployment has that a plan may name. */
export interface PlanDeployment {
  readonly queues: readonly string[]
  readonly executors: readonly {
    readonly name: string
    /** Present where the executor is configured and can not be used now, such as a missing bubblewrap. */
    readonly unavailable?: { readonly message: string; readonly remedy?: string }
  }[]
  readonly runtimes: readonly string[]
  /** What an item that names none gets. Default `default`, `sandbox` and `command`. */
  readonly defaults?: { readonly queue?: string; readonly executor?: string; readonly runtime?: string }
}
