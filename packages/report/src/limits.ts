/** Bounds of a report. What is beyond one is counted in its place. */
export const REPORT_LIMITS = {
  /** Items that are shown. */
  items: 5_000,
  /** Lines between items that are drawn. */
  edges: 5_000,
  /** Commands, and as many denials, that are listed. */
  deeds: 1_000,
  /** Bytes of patches of all items together, before they are coloured. */
  patchBytes: 600_000,
  /** Bytes of patch of one item, where there are few. */
  itemPatchBytes: 200_000,
  /** Bytes of logs of all items together. */
  logBytes: 1_000_000,
  /** Bytes of one stream of one item, where there are few. */
  streamBytes: 32_768,
  /** Milliseconds of making the page with colours: beyond them it is made without */
  colourMs: 10_000,
  /** Milliseconds of making it without colours: beyond them there is none, and the error is `TIMEOUT` */
  plainMs: 60_000,
  /** MiB of the heap that it is made in: beyond them colours are left out too, and without them the error is `LIMIT_EXCEEDED` */
  heapMiB: 1_024,
} as const

/** How many bytes of the patch, and of each stream, a report asks for of one of so many items. */
export function shareOf(items: number): { readonly patch: number; readonly stream: number } {
  const { patchBytes, itemPatchBytes, logBytes, streamBytes } = REPORT_LIMITS
  const each = (all: number, most: number): number => Math.min(most, Math.floor(all / Math.max(1, items)))
  return { patch: each(patchBytes, itemPatchBytes), stream: each(logBytes / 2, streamBytes) }
}
