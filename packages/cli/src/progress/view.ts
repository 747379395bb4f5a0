import type { ItemProgress, RunProgress } from './model.ts'

/** Shows a run while it goes on. */
export interface ProgressView {
  /** After each event, with the items that it changed. */
  update(run: RunProgress, changed: readonly ItemProgress[]): void
  /** A sentence between the lines. */
  say(text: string): void
  /** The last state; afterwards the terminal is free. */
  finish(run: RunProgress): void
}
