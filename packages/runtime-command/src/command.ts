import type { AgentEvent, DrivenEvent, RuntimeAdapter } from '@seamark/core'
import { eachOrAbort, orAbort, SeamError, throwIfAborted } from '@seamark/kit'
import { formatState, parseState, turnEnd } from './drive-state.ts'
import type { DriveState } from './drive-state.ts'
import { toldLines } from './lines.ts'

export interface CommandOptions {
  /** Name of this instance, by which plans name it. Default `command`. */
  readonly name?: string
}

const longestCommand = 128 * 1024

/**
 * Runs the task's command line, exactly as it is, with `/bin/sh -c`. Lines of standard output
 * become progress: at most 1 KiB of each, and not all of very many. The turn is completed where the
 * shell exited by itself with code 0.
 *
 * Errors of `prepare`: `INVALID_INPUT` without a command, or with one that no shell can be given.
 * Errors of `drive`: `INVALID_INPUT` for a state of another runtime, those of the program's access.
 */
export function command(options: CommandOptions = {}): RuntimeAdapter {
  return {
    spec: 'runtime/v1',
    kind: 'command',
    name: options.name ?? 'command',
    // The command finds all of the folder in `SEAMARK_AGENT`.
    guarantees: { interactive: false, agent: ['instructions', 'skills', 'mcpServers'] },

    async prepare(task, { signal } = {}) {
      throwIfAborted(signal)
      const line = task.command
      if (line === undefined || line.trim() === '')
        throw new SeamError('INVALID_INPUT', `Item ${task.item} has no command to run.`, {
          remedy: 'Give the item `run`, or name a runtime that needs none.',
        })
      // The system's limit on one argument, and what it can not hold.
      if (line.includes('\0') || Buffer.byteLength(line) >= longestCommand)
        throw new SeamError('INVALID_INPUT', `The command of item ${task.item} has a NUL or is over 128 KiB.`, {
          remedy: 'Put the commands into a file of the workspace and run that.',
        })
      return { argv: ['/bin/sh', '-c', line], env: {}, files: [], stdin: 'none' }
    },

    async *drive(access, _task, recorded, { signal } = {}) {
      let state = parseState(recorded)
      throwIfAborted(signal)
      if (state.ended) return
      const lost = new AbortController()
      const stop = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal])
      // An output that hangs must not hide that the program is lost.
      access.exit.catch(() => lost.abort())
      const event = (told: AgentEvent, next: DriveState): DrivenEvent => ({ event: told, state: formatState(next) })
      try {
        for await (const { text, offset, lines } of toldLines(
          eachOrAbort(access.output('stdout', state.offset), stop),
          state,
        )) {
          state = { offset, lines, ended: false }
          if (text !== '') yield event({ type: 'progress', text }, state)
        }
        const exit = await orAbort(access.exit, signal)
        yield event({ type: 'turn-end', ...turnEnd(exit) }, { ...state, ended: true })
      } catch (error) {
        // The reason of the loss says more than the stop that it caused.
        if (lost.signal.aborted && signal?.aborted !== true) await access.exit
        throw error
      }
    },
  }
}
