import { toSeamError } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { namedConfig } from '../config-file.ts'
import { dataFolder } from '../data-folder.ts'
import type { RunningService } from '../host.ts'
import { onInterrupt } from '../interrupt.ts'
import { harmless } from '../style.ts'
import type { Terminal } from '../terminal.ts'

export const serve: Command = command({
  name: 'serve',
  args: {},
  examples: [
    { line: 'seamark serve', says: 'on a unix socket that only you can open' },
    {
      line: 'seamark serve --json',
      says: 'a line { type: "ready", socket, pid, notes }, and { type: "stopped" } at the end',
    },
  ],
  notes: [
    'SIGTERM stops the service; attempts go on, and the next service on the same folder takes them up.',
    'Where another service leads and the journal lets standbys wait, it takes over when that one is gone. In the same folder it',
    'then takes up what runs; in one of its own it answers questions meanwhile, and starts again what ran.',
    'Until it leads --json has a line { type: "standby", socket, pid, leader, notes }, without socket in the same folder.',
    'Ctrl-C cancels what runs, waits until nothing is left and stops; twice kills everything at once.',
  ],
  async run(context, args) {
    const { io, cwd, host } = context
    const json = args.json === true
    const dataDir = await dataFolder(context, args)
    const configFile = namedConfig(context, args)
    const onNotice = (error: Error) =>
      io.err(
        json
          ? `${JSON.stringify({ type: 'notice', message: error.message })}\n`
          : `${io.errStyle.yellow('notice')} ${error.message}\n`,
      )
    const service = await host.serve({
      dataDir,
      cwd,
      ...(configFile !== undefined && { configFile }),
      onNotice,
    })
    const offInterrupt = onInterrupt((times, signal) => {
      if (times > 1) void service.kill().finally(() => process.exit(8))
      else {
        const cancelRunning = signal === 'SIGINT'
        if (cancelRunning && !json) io.err('Cancelling what runs; press Ctrl-C again to kill it.\n')
        // Where it fails, `ended` says why.
        service.stop({ cancelRunning }).catch(() => undefined)
      }
    })
    try {
      const announced = tellStart(io, service, dataDir, json)
      // A standby may end without ever having led.
      const reason = await Promise.race([service.ended, announced.then(() => service.ended)])
      if (reason !== undefined) throw toSeamError(reason)
      await io.out(json ? `${JSON.stringify({ type: 'stopped' })}\n` : 'Stopped.\n')
      return 0
    } finally {
      offInterrupt()
      // Why it ended is told, or thrown above: that it could not let go of everything then is no other reason.
      await service.stop().catch((error: unknown) => onNotice(toSeamError(error)))
    }
  },
})

async function tellStart(io: Terminal, service: RunningService, dataDir: string, json: boolean): Promise<void> {
  const { standby, socketPath, notes } = service
  const { pid } = process
  if (!json) await writeNotes(io, notes)
  if (standby !== undefined) {
    const { leader, listens } = standby
    const who = harmless(leader ?? 'another service')
    if (json)
      await io.out(
        `${JSON.stringify({ type: 'standby', ...(listens && { socket: socketPath }), pid, leader, notes })}\n`,
      )
    else if (listens)
      await io.out(
        `Standby on ${socketPath} (process ${pid}): ${who} leads. This one answers questions and takes over when that one is gone.\n`,
      )
    else
      await io.out(
        `Standby in ${dataDir} (process ${pid}): ${who} leads and answers there. This one takes over when that one is gone.\n`,
      )
    await standby.over
  }
  await announce(io, service, dataDir, json)
}

async function announce(
  io: Terminal,
  { socketPath, notes }: RunningService,
  dataDir: string,
  json: boolean,
): Promise<void> {
  if (json) return io.out(`${JSON.stringify({ type: 'ready', socket: socketPath, pid: process.pid, notes })}\n`)
  await io.out(`Serving ${dataDir} on ${socketPath} (process ${process.pid}). Ctrl-C stops it.\n`)
}

async function writeNotes(io: Terminal, notes: RunningService['notes']): Promise<void> {
  for (const { level, text } of notes)
    await io.out(`${level === 'warn' ? io.style.yellow(text) : io.style.dim(text)}\n`)
}
