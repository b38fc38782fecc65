import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { existsSync } from 'node:fs'
import house from './scripts/lint-house.mjs'

/** The page is checked once its own libraries are installed (npm run web). */
const page = existsSync('web/node_modules') ? ['web/node_modules/', 'web/dist/'] : ['web/']

/**
 * Core runs in browsers and edge workers: no Node built-in may be imported outside of the CLI, Node's entry, and the assembly
 * of the SIMD kernels, which runs when the package is built.
 */
const core = ['src/**/*.ts']
const nodeOnly = ['src/cli.ts', 'src/cli/**', 'src/node.ts', 'src/node/**', 'src/kernels/simd/assembly/**']

export default defineConfig(
  globalIgnores([
    'dist/',
    'node_modules/',
    'bench/node_modules/',
    ...page,
    'bench/build/',
    'bench/.cache/',
    'coverage/',
    '.build/',
    '**/.venv/',
  ]),
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => f()` for a callback without a result reads better than three lines.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Indices that the code around them keeps within bounds: `!` says so, `?? 0` would say something false.
    files: [
      'src/kernels/**/*.ts',
      'src/layers/**/*.ts',
      'src/tokenizer/**/*.ts',
      'src/ner/**/*.ts',
      'src/eval/**/*.ts',
      'src/redact/**/*.ts',
      'src/safetensors/**/*.ts',
      'src/source/sha.ts',
      'src/convert/**/*.ts',
      'test/convert/**/*.ts',
      'test/tokenizer/**/*.ts',
      'test/kernels/**/*.ts',
      'test/layers/**/*.ts',
      'test/docs/**/*.ts',
      'test/examples/**/*.ts',
      'web/src/**/*.{ts,tsx}',
      'test/serve/**/*.ts',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: core,
    plugins: { house },
    rules: { 'house/floors': 'error', 'house/no-circle': 'error' },
  },
  {
    files: core,
    ignores: nodeOnly,
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'Core runs without Node.' }] }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ignores: ['web/src/**'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        WebAssembly: 'readonly',
        TextDecoder: 'readonly',
        TextEncoder: 'readonly',
        ReadableStream: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    // What runs in pages, workers, edge runtimes and extensions.
    files: ['examples/*/**/*.{js,jsx,mjs}', 'test/runtimes/**/*.{js,mjs,cjs,jsx}'],
    languageOptions: {
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: Object.fromEntries(
        [
          ...[
            'globalThis',
            'document',
            'location',
            'navigator',
            'Worker',
            'Response',
            'fetch',
            'postMessage',
            'chrome',
          ],
          ...['AbortController', 'MessageChannel', 'require', 'bertNer', 'module', 'crossOriginIsolated'],
        ].map(name => [name, 'readonly']),
      ),
    },
  },
  {
    // Functions that run in the page.
    files: ['web/test/**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...['document', 'CSS', 'navigator', 'caches', 'location', 'innerWidth', 'globalThis'],
          ...['getComputedStyle', 'MutationObserver', 'PerformanceObserver'],
        ].map(name => [name, 'readonly']),
      ),
    },
  },
)
