import { describe } from 'vitest'
import { testsOfCanaries } from './canaries.ts'
import { onDocker, onSandbox } from './grounds.ts'

describe('planted secrets in the sandbox', () => testsOfCanaries(onSandbox, 200))
describe('planted secrets in Docker', () => testsOfCanaries(onDocker, 40))
