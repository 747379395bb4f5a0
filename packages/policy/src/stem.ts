/** A text, or with `open` every text that begins with it. */
export interface Stem {
  readonly text: string
  readonly open: boolean
}

export function stemTakes(stem: Stem, text: string): boolean {
  return stem.open ? text.startsWith(stem.text) : text === stem.text
}

/** Whether everything that `inner` takes is taken by `outer`. */
export function stemCovers(outer: Stem, inner: Stem): boolean {
  return outer.open ? inner.text.startsWith(outer.text) : !inner.open && inner.text === outer.text
}

/** What both take: of two stems that overlap one covers the other. */
export function stemMeet(a: Stem, b: Stem): Stem | undefined {
  if (stemCovers(a, b)) return b
  return stemCovers(b, a) ? a : undefined
}
