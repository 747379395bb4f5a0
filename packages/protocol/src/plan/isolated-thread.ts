import { parentPort } from 'node:worker_threads'
import type { ParseMessage, ParseTask } from './plan-parser.ts'
import { parsePlan } from './parse.ts'

// Small enough that taking one in holds the service up for about a millisecond.
const chunk = 500

function isTask(data: unknown): data is ParseTask {
  return typeof data === 'object' && data !== null && 'plan' in data && 'deployment' in data
}

function answer(message: ParseMessage): void {
  parentPort?.postMessage(message)
}

// The YAML parser makes an error object for each complaint; a stack for each would be most of the memory.
Error.stackTraceLimit = 0

parentPort?.on('message', (task: unknown) => {
  if (!isTask(task)) return
  const result = parsePlan(task.plan, task)
  if (result.ok) {
    const { items, ...plan } = result.plan
    for (let at = 0; at < items.length; at += chunk) answer({ type: 'items', items: items.slice(at, at + chunk) })
    answer({ type: 'checked', plan })
  } else answer({ type: 'refused', result })
})
