import { createRequire } from 'node:module'
import type * as yamlModule from 'yaml'

interface Loads {
  (name: 'yaml'): typeof yamlModule
}

const require: Loads = createRequire(import.meta.url)
let loaded: typeof yamlModule | undefined

/** Loaded with the first text: a service reads plans in threads of their own, and does not need it itself. */
export function yaml(): typeof yamlModule {
  return (loaded ??= require('yaml'))
}
