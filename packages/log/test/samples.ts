import type { RecordData, RecordDraft, RecordKind } from '@seamark/core'

/** A type with every optional field present, so that a sample shows a field that a schema forgot. */
export type Full<T> = T extends object ? { readonly [K in keyof T]-?: Full<T[K]> } : T

const digest = 'ab'.repeat(32)
const gitId = '12'.repeat(20)
const blob = { sha256: digest, size: 7 }
const exit: Full<RecordData['item.captured']['exit']> = {
  code: 0,
  signal: 'SIGKILL',
  reason: 'exited',
  startedAt: 1,
  endedAt: 2,
  outputBytes: 3,
  image: `sha256:${'c'.repeat(64)}`,
  left: { processes: 2, names: ['sleep', 'node'] },
  detail: 'ENOENT',
}
const services: Full<NonNullable<RecordData['gate.ended']['services']>> = [
  { name: 'db', end: 'ended', code: 1, signal: 'SIGKILL', log: blob, lost: 5 },
]
const product: Full<RecordData['item.captured']['product']> = {
  patch: { ...blob, files: 1, baseTree: gitId, tree: gitId },
  outputs: [{ path: 'a/b', blob }],
  stdout: blob,
  stderr: blob,
  stdin: blob,
  services,
  snapshot: blob,
}
const activity: Full<NonNullable<RecordData['item.captured']['activity']>> = {
  turns: 2,
  calls: 3,
  tools: [{ tool: 'Bash', calls: 3 }],
  allowed: 2,
  denied: 1,
  nudges: 1,
  nudgedFor: ['Bash: ls'],
  usage: [{ model: 'm', inputTokens: 7, outputTokens: 3 }],
}
const summaries: Full<NonNullable<RecordData['item.captured']['summaries']>> = [
  { path: 'junit.xml', summary: { kind: 'junit', tests: 3, failures: 1, errors: 0, skipped: 1, failing: ['adds'] } },
  {
    path: 'lint.sarif',
    summary: {
      kind: 'sarif',
      errors: 1,
      warnings: 0,
      notes: 0,
      suppressed: 2,
      findings: [{ level: 'error', rule: 'no-undef', place: 'a.js:2' }],
    },
  },
  {
    path: 'lcov.info',
    summary: { kind: 'coverage', lines: { covered: 1, total: 2 }, branches: { covered: 0, total: 1 } },
  },
  { path: 'cut.xml', summary: { kind: 'junit', unreadable: 'is no well-formed XML: line 1, column 2' } },
]
const origin = `seamark.invalid/${'0f'.repeat(16)}`
const launchId = `sm${'a2'.repeat(16)}`

/** One sample of each kind's data with every field. */
export const fullData: { readonly [K in RecordKind]: Full<RecordData[K]> } = {
  'log.opened': { origin, follows: { origin, size: 3, root: digest } },
  'engine.started': {
    version: '0.1.0',
    holder: 'host:1',
    executors: [{ name: 'sandbox', kind: 'bubblewrap', isolation: 'namespace' }],
  },
  'engine.stopped': { reason: 'requested' },
  'checkpoint.committed': { size: 4, root: digest },
  'checkpoint.anchored': { size: 4, kind: 'file', name: 'file', receipt: 'receipts/4.json' },
  'checkpoint.unanchored': { size: 4, kind: 'file', name: 'file', code: 'UNAVAILABLE' },
  'command.denied': { action: 'run.submit', policy: 'allow-local', target: 'r', count: 2 },
  'agent.pushed': { name: 'docs-writer', version: 3, digest, files: 2, size: 7 },
  'agent.removed': { name: 'docs-writer', version: 3, digest },
  'hold.placed': { run: 'r', reason: 'asked for by the auditors' },
  'hold.released': { run: 'r' },
  'collection.begun': { storedBefore: 3, runsBefore: 2, snapshotsBefore: 1 },
  'collection.ended': { outcome: 'done', removed: 2, bytes: 7 },
  'command.voided': { command: 'run.cancel', reason: 'sealed', target: 'r' },
  'run.submitted': {
    name: 'demo',
    plan: digest,
    items: 2,
    base: { repository: digest, commit: gitId, tree: gitId, uncommitted: 0, submodules: 0 },
    deadline: 5,
    teams: ['data', 'web'],
  },
  'items.added': { items: [[0, 'a', []]] },
  'item.launched': {
    step: 'gate:3',
    launchId,
    executor: 'sandbox',
    inputs: [{ name: 'x', from: 'a', select: 'output', path: 'a/b', blob }],
    layer: digest,
    resumes: 'c-1',
    policy: digest,
    probe: digest,
    agent: { name: 'docs-writer', version: 3, digest, instructions: [{ path: 'AGENTS.md', sha256: digest }] },
    instructions: [{ path: 'skills/knots/SKILL.md', sha256: digest }],
  },
  'egress.decided': {
    outcome: 'refused',
    reason: 'not-listed',
    count: 2,
    first: 1,
    code: 'FORBIDDEN',
    mode: 'endpoint',
    host: 'api.example',
    port: 443,
    method: 'POST',
    path: '/v1/messages',
    address: '192.0.2.1',
    inject: 'model-key',
  },
  'tool.denied': { tool: 'Bash', reason: 'denied', index: 0 },
  'tool.allowed': { tool: 'Bash', reason: 'listed', index: 0 },
  'conversation.begun': { id: 'c-1', resumed: true, program: 'Agent 1.2.3' },
  'usage.reserved': {
    id: 'c1',
    provider: 'anthropic',
    model: 'a-model',
    accounts: ['run:r1', 'day:2026-11-22'],
    tokens: 7,
    nanoUsd: 8,
  },
  'usage.settled': {
    id: 'c1',
    as: 'used',
    charged: { tokens: 3, nanoUsd: 4 },
    excess: { tokens: 0, nanoUsd: 0 },
    usage: { input: 1, output: 2, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  },
  'usage.refused': {
    id: 'c2',
    provider: 'anthropic',
    model: 'a-model',
    code: 'LIMIT_EXCEEDED',
    account: 'run:r1',
    of: 'nanoUsd',
    wanted: 9,
    room: 1,
  },
  'budget.set': { on: 'team', name: 'web', limits: { tokens: 7, nanoUsd: 8 } },
  'budget.warned': { account: 'run:r1', of: 'nanoUsd', settled: 8, limit: 10 },
  'item.captured': { exit, product, activity, summaries },
  'gate.ended': { gate: 0, passed: true, reason: 'completed', exit, stdout: blob, stderr: blob, services },
  'attempt.ended': { outcome: 'failed', reason: 'exit-code', detail: '1', exit, product, activity, summaries },
  'item.parked': {
    reason: 'budget',
    token: 't',
    resumeAt: 1,
    expiresAt: 2,
    locksUntil: 3,
    snapshot: blob,
    conversation: { id: 'c-1', state: blob },
    startsOver: true,
    budget: { account: 'run:r1', of: 'nanoUsd', room: 1, wanted: 9 },
  },
  'item.resumed': { token: 't', by: 'time' },
  'locks.released': { token: 't' },
  'item.settled': { outcome: 'succeeded', reason: 'completed' },
  'items.settled': { outcome: 'skipped', ranges: [[0, 3]], reason: 'need-failed' },
  'cancel.requested': { reason: 'requested' },
  'run.paused': {},
  'run.resumed': {},
  'service.paused': {},
  'service.resumed': {},
  'layer.launched': { layer: digest, launchId, executor: 'sandbox', policy: digest, probe: digest },
  'layer.ended': {
    layer: digest,
    outcome: 'ready',
    reason: 'completed',
    retryAt: 6,
    detail: '',
    exit,
    stdout: blob,
    stderr: blob,
  },
  'leftover.killed': { executor: 'process', launchId, processes: 2 },
  'run.sealed': { segment: 0, from: 0, count: 1, last: digest, root: digest, status: 'succeeded' },
}

const actor = { actor: 'local:1', onBehalfOf: 'local:2', cause: 0 }
const run = { ...actor, run: 'r1' }
const item = { ...run, item: 'a' }
const attempt = { ...item, attempt: 1, fence: 2 }
const payload = { mediaType: 'text/plain', bytes: new Uint8Array([1, 2, 3]), salt: new Uint8Array(32).fill(9) }

/** One draft of each kind with every field that it can have; `cause` 0, so not for the first place. */
export const fullDrafts: readonly RecordDraft[] = [
  { ...actor, kind: 'log.opened', data: fullData['log.opened'], payload },
  { ...actor, kind: 'engine.started', data: fullData['engine.started'] },
  { ...actor, kind: 'engine.stopped', data: fullData['engine.stopped'] },
  { ...actor, kind: 'checkpoint.committed', data: fullData['checkpoint.committed'] },
  { ...actor, kind: 'checkpoint.anchored', data: fullData['checkpoint.anchored'] },
  { ...actor, kind: 'checkpoint.unanchored', data: fullData['checkpoint.unanchored'] },
  { ...attempt, kind: 'command.denied', data: fullData['command.denied'] },
  { ...attempt, kind: 'command.voided', data: fullData['command.voided'] },
  { ...run, kind: 'run.submitted', data: fullData['run.submitted'], payload },
  { ...run, kind: 'items.added', data: fullData['items.added'], payload },
  { ...attempt, kind: 'item.launched', data: fullData['item.launched'] },
  { ...attempt, kind: 'egress.decided', data: fullData['egress.decided'] },
  { ...attempt, kind: 'tool.denied', data: fullData['tool.denied'] },
  { ...attempt, kind: 'tool.allowed', data: fullData['tool.allowed'] },
  { ...attempt, kind: 'conversation.begun', data: fullData['conversation.begun'] },
  { ...attempt, kind: 'usage.reserved', data: fullData['usage.reserved'] },
  { ...attempt, kind: 'usage.settled', data: fullData['usage.settled'] },
  { ...attempt, kind: 'usage.refused', data: fullData['usage.refused'] },
  { ...attempt, kind: 'budget.set', data: fullData['budget.set'] },
  { ...attempt, kind: 'budget.warned', data: fullData['budget.warned'] },
  { ...attempt, kind: 'item.captured', data: fullData['item.captured'] },
  { ...attempt, kind: 'gate.ended', data: fullData['gate.ended'] },
  { ...attempt, kind: 'attempt.ended', data: fullData['attempt.ended'] },
  { ...attempt, kind: 'item.parked', data: fullData['item.parked'] },
  { ...attempt, kind: 'item.resumed', data: fullData['item.resumed'] },
  { ...attempt, kind: 'locks.released', data: fullData['locks.released'] },
  { ...attempt, kind: 'item.settled', data: fullData['item.settled'] },
  { ...run, kind: 'items.settled', data: fullData['items.settled'] },
  { ...item, kind: 'cancel.requested', data: fullData['cancel.requested'] },
  { ...run, kind: 'run.paused', data: fullData['run.paused'] },
  { ...run, kind: 'run.resumed', data: fullData['run.resumed'] },
  { ...actor, kind: 'service.paused', data: fullData['service.paused'] },
  { ...actor, kind: 'service.resumed', data: fullData['service.resumed'] },
  { ...run, attempt: 1, fence: 3, kind: 'layer.launched', data: fullData['layer.launched'] },
  { ...run, attempt: 1, fence: 3, kind: 'layer.ended', data: fullData['layer.ended'] },
  { ...attempt, kind: 'leftover.killed', data: fullData['leftover.killed'] },
  { ...run, kind: 'run.sealed', data: fullData['run.sealed'] },
]
