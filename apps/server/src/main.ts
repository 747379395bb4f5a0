#!/usr/bin/env node
import { nodeTerminal, readEnvironment, runCli } from '@seamark/cli'
import { readServerEnvironment } from './env.ts'
import { serviceHost } from './host.ts'
import { VERSION } from './version.ts'

const env = readEnvironment()
process.exitCode = await runCli(process.argv.slice(2), {
  host: serviceHost(readServerEnvironment()),
  io: nodeTerminal({ stdout: process.stdout, stderr: process.stderr, noColor: env.noColor }),
  env,
  cwd: process.cwd(),
  version: VERSION,
})
