import type { AnchorCheck } from './anchor.ts'

/** Everything needed to verify one run offline, as files of a folder or a canonical tar. */
export interface BundleManifest {
  readonly version: 1
  readonly ns: string
  readonly run: string
  readonly origin: string
  /** Size of the tree in the checkpoint. */
  readonly size: number
  /** Every file but `manifest.json` and `manifest.sig`, ascending by path bytes. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: string }[]
}

export type CheckStatus = 'pass' | 'fail' | 'not-checked'

/** One check of a verification. */
export interface VerifyCheck {
  /** Stable id such as `manifest.signature`, `log.inclusion`, `run.chain`. */
  readonly id: string
  readonly status: CheckStatus
  /** Stable code of the failure, such as `leaf-mismatch`; `not-checked` says why not. */
  readonly code?: string
  readonly detail?: string
}

/** A property that follows from checks, and who could have forged it. */
export interface VerifyProperty {
  readonly name: 'authentic' | 'complete-run' | 'existed-by' | 'retained-until' | 'single-history'
  readonly status: CheckStatus
  readonly value?: string
  readonly forgeableBy: string
}

/** What an anchor said of the receipt that a bundle has under its name, when whoever verifies asked it. */
export interface AnchorAnswer {
  /** The anchor's `kind` and `name`, and whether its guarantees put it beyond the operator: as the verifier has it. */
  readonly kind: string
  readonly name: string
  readonly beyondOperator: boolean
  /** Absent where the bundle has no receipt for its checkpoint under this name. */
  readonly check?: AnchorCheck
}

/** The result of `verify`: data, never an exception. */
export interface VerifyReport {
  readonly version: 1
  /** `unverified`: no check failed, but a required one did not run or there was no trust. `unreadable`: it is no bundle. */
  readonly verdict: 'verified' | 'tampered' | 'unverified' | 'unreadable'
  /** 0, 10, 12 or 2. */
  readonly exitCode: 0 | 2 | 10 | 12
  /** The strongest true sentence. */
  readonly statement: string
  readonly checks: readonly VerifyCheck[]
  readonly properties: readonly VerifyProperty[]
  /** What the verifier's own anchors said; absent where none was asked. */
  readonly anchors?: readonly AnchorAnswer[]
  readonly run?: {
    readonly ns: string
    readonly run: string
    readonly status: string
    readonly items: number
    readonly records: number
    /** How many of its items it did not run, and the run whose results they have; that run's own bundle says how they came about. */
    readonly taken?: { readonly run: string; readonly items: number }
    readonly origin: string
    readonly size: number
    readonly root: string
  }
}
