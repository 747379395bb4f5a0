import type { ServiceHost } from '@seamark/cli'
import { nodeTerminal, readEnvironment, runCli } from '@seamark/cli'
import { readServerEnvironment } from './env.ts'
import { VERSION } from './version.ts'

const env = readEnvironment()
// Loaded when a service is needed here: most commands only talk to one.
const host: ServiceHost = {
  serve: async (options) => (await loadHost()).serve(options),
  startInProcess: async (options) => (await loadHost()).startInProcess(options),
  migrate: async (options) => (await loadHost()).migrate(options),
  secrets: async (options) => (await import('./secrets.ts')).secrets(options, readServerEnvironment()),
}
process.exitCode = await runCli(process.argv.slice(2), {
  host,
  io: nodeTerminal({ stdout: process.stdout, stderr: process.stderr, noColor: env.noColor }),
  env,
  cwd: process.cwd(),
  version: VERSION,
})

async function loadHost(): Promise<ServiceHost> {
  const { serviceHost } = await import('./host.ts')
  return serviceHost(readServerEnvironment())
}
