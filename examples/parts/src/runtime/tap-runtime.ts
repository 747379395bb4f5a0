import type { AgentEvent, DrivenEvent, RuntimeAdapter } from '@seamark/core'
import { eachOrAbort, orAbort, SeamError, throwIfAborted } from '@seamark/kit'
import { stripVTControlCharacters } from 'node:util'
import { linesOf } from './lines.ts'
import { afterLine, formatState, parseState, verdict } from './tap-state.ts'
import type { TapState } from './tap-state.ts'

export interface TapOptions {
  /** Name of this instance, by which plans name it. Default `tap`. */
  readonly name?: string
}

/** More are counted, and not told one by one. */
const TOLD_FAILURES = 100

/**
 * Runs the task's command line with `/bin/sh -c` and reads its standard output as a report of tests (Test Anything Protocol). The turn is completed
 * where the program ended with 0 and reported every test of its plan, and none that failed.
 *
 * Errors of `prepare`: `INVALID_INPUT` without a command. Errors of `drive`: `INVALID_INPUT` for a state of another runtime, those of
 * the program's access. Reasons: `tests-failed`, `tests-missing`, `no-plan`, `bailed-out`, `exit-3`, `signal-SIGSEGV`, and those of an `Exit`.
 */
export function tapRuntime({ name = 'tap' }: TapOptions = {}): RuntimeAdapter {
  return {
    spec: 'runtime/v1',
    kind: 'tap',
    name,
    guarantees: { interactive: false },

    async prepare({ item, command }, { signal } = {}) {
      throwIfAborted(signal)
      if (command === undefined || command.trim() === '' || command.includes('\0'))
        throw new SeamError('INVALID_INPUT', `Item ${item} has no command to run, or one with a NUL.`, {
          remedy: 'Give the item `run`, with a command that reports its tests as TAP.',
        })
      return { argv: ['/bin/sh', '-c', command], env: {}, files: [], stdin: 'none' }
    },

    async *drive(access, _task, recorded, { signal } = {}) {
      let state = parseState(recorded)
      throwIfAborted(signal)
      if (state.ended) return
      const lost = new AbortController()
      const stop = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal])
      // An output that hangs must not hide that the program is lost.
      access.exit.catch(() => lost.abort())
      try {
        for await (const { text, offset } of linesOf(
          eachOrAbort(access.output('stdout', state.offset), stop),
          state.offset,
        )) {
          const { next, progress } = afterLine(state, text)
          state = { ...next, offset }
          if (progress !== undefined && state.failed + state.todo <= TOLD_FAILURES)
            yield told({ type: 'progress', text: readable(progress) }, state)
        }
        const exit = await orAbort(access.exit, signal)
        yield told({ type: 'turn-end', ...verdict(state, exit) }, { ...state, ended: true })
      } catch (error) {
        // The reason of the loss says more than the stop that it caused.
        if (lost.signal.aborted && signal?.aborted !== true) await access.exit
        throw error
      }
    },
  }
}

const told = (event: AgentEvent, state: TapState): DrivenEvent => ({ event, state: formatState(state) })

/** What a program prints may be made to mislead a terminal. */
const readable = (text: string): string => stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ')
