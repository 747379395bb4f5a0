import { claudeCode } from '@seamark/runtime-claude-code'
import { BEGINNING, END, heard, TASK, toolUse } from '../agent-lines.ts'
import { inTurn, median, msOf } from '../stats.ts'

export interface Transcript {
  readonly ms: number
  /** Of splitting it into lines and parsing each as JSON. */
  readonly parsedMs: number
  readonly events: number
}

const PIECE = 65_536
const USES = 500
const TEXT_BYTES = 4_000

/** Reads what an agent said, `bytes` of it, as events. */
export async function measure({ bytes, pairs }: { bytes: number; pairs: number }): Promise<Transcript> {
  const beginning = Buffer.from(BEGINNING)
  const end = Buffer.from(END)
  const uses = Buffer.from(Array.from({ length: USES }, (_, number) => toolUse(number, TEXT_BYTES)).join(''))

  async function* said(): AsyncGenerator<Uint8Array> {
    yield beginning
    for (let done = 0; done < bytes; done += uses.byteLength)
      for (let at = 0; at < uses.byteLength; at += PIECE) yield uses.subarray(at, at + PIECE)
    yield end
  }

  let events = 0
  const interpreted = async (): Promise<void> => {
    events = 0
    let last: unknown
    for await (const { event } of claudeCode().drive(heard(said), TASK, undefined)) {
      events++
      last = event
    }
    if (JSON.stringify(last) !== '{"type":"turn-end","completed":true,"reason":"completed"}')
      throw new Error(`The agent's turn ended with ${JSON.stringify(last)}.`)
  }
  const parsed = async (): Promise<void> => {
    let rest = ''
    for await (const piece of said()) {
      const lines = (rest + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')).split(
        '\n',
      )
      rest = lines.pop() ?? ''
      for (const one of lines) JSON.parse(one)
    }
  }
  const taken = await inTurn(
    pairs,
    () => msOf(interpreted),
    () => msOf(parsed),
  )
  return { ms: median(taken.measured), parsedMs: median(taken.baseline), events }
}
