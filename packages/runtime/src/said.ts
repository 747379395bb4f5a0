import { stripVTControlCharacters } from 'node:util'
import type { Conversation, Effect, Step } from './conversation.ts'

/** Longest text of a progress event, in characters. */
const MOST = 1_000

/** One line for people; none where nothing is left of it. */
export function progress(line: string): Effect[] {
  const text = stripVTControlCharacters(line)
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
    .trim()
  return text === '' ? [] : [{ event: { type: 'progress', text: text.slice(0, MOST).toWellFormed() } }]
}

/** Words come in pieces and are told in lines; at most ten lines of one piece. */
export function said<C extends Conversation>(before: C, piece: string): Step<C> {
  const [first = '', ...others] = piece.split('\n', 12)
  const lines = [before.text + first, ...others]
  const rest = (lines.pop() ?? '').slice(0, MOST)
  return { conversation: { ...before, text: rest }, effects: lines.flatMap(progress) }
}

/** What was said so far, where something else follows. */
export function flushed<C extends Conversation>(before: C): Step<C> {
  return { conversation: { ...before, text: '' }, effects: progress(before.text) }
}
