/** How often an agent did the same again, in constant space. */
export interface Recent {
  /** Keys of its last calls, newest last; at most `LONGEST`. */
  readonly keys: readonly string[]
  /** Of each length of a round, from 1: how many calls in a row were as the call one round before. */
  readonly runs: readonly number[]
  /** What was called last, whatever came of it, and how often in a row. */
  readonly call: string
  readonly calls: number
}

/** Most calls in a round that is known as one. */
const LONGEST = 4
/** So many times as often may it make one call of which something else comes each time: it may wait for something. */
const CHANGING = 5

export const NOTHING_YET: Recent = { keys: [], runs: Array.from({ length: LONGEST }, () => 0), call: '', calls: 0 }

/** One call more. `result` is what came of it; where that is not known, it is taken for what came of the same call before. */
export function withCall({ keys, runs, call: before, calls }: Recent, call: string, result: string): Recent {
  const known = result === '' ? keys.findLast((one) => one.startsWith(`${call} `)) : undefined
  const key = known ?? `${call} ${result}`
  return {
    keys: [...keys, key].slice(-LONGEST),
    runs: runs.map((run, at) => (keys.at(-1 - at) === key ? run + 1 : 0)),
    call,
    calls: call === before ? calls + 1 : 1,
  }
}

/** How often a round was made that was made so often as `times` just now, or more often; 0 where none was. */
export function roundsOf({ runs, calls }: Recent, times: number): { readonly rounds: number; readonly isNow: boolean } {
  const made = [...runs.map((run, at) => run / (at + 1) + 1), calls / CHANGING]
  const rounds = Math.floor(Math.max(...made))
  return rounds < times ? { rounds: 0, isNow: false } : { rounds, isNow: rounds === times && made.includes(times) }
}
