import type { Claim } from '@seamark/core'

/** What these stores promise. */
export interface SecretsGuarantees {
  /** A value may have an end, is told with it, and is refused after it. */
  readonly expiry: Claim<boolean>
  /** Whoever has the place where values are kept, and nothing else, has no value. */
  readonly encrypted: Claim<boolean>
  /** A secret that was removed is told from one that can not be had now. */
  readonly removal: Claim<boolean>
}
