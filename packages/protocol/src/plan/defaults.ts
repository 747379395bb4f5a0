/** Time limit of an item and of setup where the plan has none: 1 hour. A gate has its item's. */
export const DEFAULT_TIMEOUT_MS = 3_600_000
/** Of a service: between two looks whether it is ready, until it must be, and between its two signals. */
export const DEFAULT_READY_EVERY_MS = 500
export const DEFAULT_READY_TIMEOUT_MS = 60_000
export const DEFAULT_STOP_MS = 10_000
/** First and longest back-off where the plan has none. */
export const DEFAULT_MIN_DELAY_MS = 1_000
export const DEFAULT_MAX_DELAY_MS = 300_000
