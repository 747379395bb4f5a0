import { defineConfig } from '@seamark/config'
import { command } from '@seamark/runtime-command'
import { tapRuntime } from './runtime/tap-runtime.ts'

export default defineConfig({ runtimes: [command(), tapRuntime()] })
