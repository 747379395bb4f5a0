import { describe } from 'vitest'
import { testsOfAFullDisk } from './full-disk.ts'
import { onDocker } from './grounds.ts'

describe('in Docker', () => testsOfAFullDisk(onDocker))
