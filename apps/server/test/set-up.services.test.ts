import { describe } from 'vitest'
import { onDockerWithNpm, onSandbox } from './grounds.ts'
import { testsOfSetUps } from './set-up.ts'

describe('a set-up in the sandbox', { timeout: 120_000 }, () => testsOfSetUps(onSandbox))
describe('a set-up in Docker', { timeout: 120_000 }, () => testsOfSetUps(onDockerWithNpm))
