#!/usr/bin/env -S node --max-semi-space-size=16 --max-old-space-size=2000
// Both are collected in time: with the defaults of V8, which lets a heap that may grow beyond 2,000 MB grow fourfold
// between two collections, a plan of 100,000 items takes a hundred MB more. Of that bound 100,000 live items take 70 MB.
import { enableCompileCache } from 'node:module'
import { compileCacheFolder } from './compile-cache.ts'
import { readCacheEnvironment } from './env.ts'

const folder = compileCacheFolder(readCacheEnvironment(), process.geteuid?.())
if (folder !== undefined) enableCompileCache(folder)
// Whatever is loaded from here on is compiled once.
await import('./command-line.ts')
