/** Edits from one word to the other (Levenshtein), of words that are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length] ?? 0
}

/** Which of some names was probably meant by one that is none of them. O(names), each compared letter by letter: give it 10,000 at most. */
export function meant(word: string, candidates: readonly string[]): string | undefined {
  // Ordinary typing errors, of words that a person would type.
  if (word.length > 40) return undefined
  const scored = candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(
      ({ candidate, edits }) => edits <= (candidate.length < 4 ? 1 : Math.max(2, Math.floor(candidate.length / 3))),
    )
    .sort((a, b) => a.edits - b.edits)
  return scored[0]?.candidate
}
