import type { DrivenEvent, Exit, RuntimeAccess } from '@seamark/core'
import { eachOrAbort, hasCode, orAbort, throwIfAborted } from '@seamark/kit'
import type { Conversation, Manner, Step } from './conversation.ts'
import { formatState } from './drive-state.ts'
import type { DriveState } from './drive-state.ts'
import { failed } from './failure.ts'
import type { Outcome } from './failure.ts'
import { finish, INTERRUPTED, outcomeOf } from './finish.ts'
import { END } from './launch.ts'
import { messageLines } from './lines.ts'

/** Follows an agent to its end. What it writes and yields follows from the output alone. */
export async function* driveAgent<C extends Conversation>(
  access: RuntimeAccess,
  manner: Manner<C>,
  recorded: DriveState<C>,
  signal: AbortSignal | undefined,
): AsyncGenerator<DrivenEvent> {
  throwIfAborted(signal)
  if (recorded.ended) return
  let state = recorded
  const lost = new AbortController()
  const stop = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal])
  // An output that hangs must not hide that the program is lost.
  access.exit.catch(() => lost.abort())

  /** Does what a step asks for, but for what was done before; then the state is the one after it. */
  async function* carry({ conversation, effects }: Step<C>, next: Partial<DriveState<C>>): AsyncGenerator<DrivenEvent> {
    const from = state
    let { sent } = from
    const read = next.offset ?? from.offset
    let after = conversation
    for (const [index, effect] of effects.entries()) {
      const isDone = index < from.done
      if ('event' in effect) {
        if (!isDone) yield { event: effect.event, state: formatState(manner, { ...from, done: index + 1 }) }
        continue
      }
      const bytes = Buffer.from('send' in effect ? `${JSON.stringify(effect.send)}\n` : END)
      if (!isDone) {
        const taken = await written(bytes, sent, read)
        if (!taken && 'send' in effect && after.outcome === undefined) {
          // Nobody knows what it has: it is not asked for anything more.
          after = finish(
            after,
            failed(INTERRUPTED, 'It takes no input, or what it was told when the service ended is not known.'),
          ).conversation
          sent += bytes.byteLength
          const end = Buffer.from(END)
          await written(end, sent, read)
          sent += end.byteLength
          break
        }
      }
      sent += bytes.byteLength
    }
    state = { ...from, ...next, conversation: after, sent, done: 0 }
  }

  async function written(bytes: Uint8Array, at: number, read: number): Promise<boolean> {
    try {
      await orAbort(access.write(bytes, at, read), stop)
      return true
    } catch (error) {
      if (hasCode(error, 'CONFLICT')) return false
      throw error
    }
  }

  try {
    if (!state.begun) yield* carry(manner.begin(), { begun: true })
    for await (const line of messageLines(eachOrAbort(access.output('stdout', state.offset), stop), state.offset)) {
      const step =
        line.text === undefined ? unread(state.conversation) : manner.receive(state.conversation, line.text, !line.cut)
      yield* carry(step, { offset: line.to })
    }
    const exit = await orAbort(access.exit, signal)
    yield {
      event: { type: 'turn-end', ...outcomeOf(state.conversation, outcomeOfExit(exit)) },
      state: formatState(manner, { ...state, ended: true }),
    }
  } catch (error) {
    // The reason of the loss says more than the stop that it caused.
    if (lost.signal.aborted && signal?.aborted !== true) await access.exit
    throw error
  }
}

/** A line that may have been an answer and is too long ends the conversation. */
function unread<C extends Conversation>(conversation: C): Step<C> {
  if (conversation.phase === 'over') return { conversation, effects: [] }
  return finish(
    conversation,
    failed('message-too-long', 'The agent sent a message that is too long without its long texts.'),
  )
}

function outcomeOfExit({ code, signal, reason }: Exit): Outcome {
  if (reason === 'signaled') return failed(`signal-${signal ?? 'unknown'}`)
  if (reason !== 'exited') return failed(reason)
  return code === 0 ? { completed: true, reason: 'exited' } : failed(`exit-${code ?? 'unknown'}`)
}
