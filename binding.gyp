# The addon as users get it. CMakeLists.txt builds the same sources for tests; both read
# cpp/sources.txt.
{
  'targets': [
    {
      'target_name': 'parrotlet',
      'sources': [
        '<!@(node -p "require(\'fs\').readFileSync(\'cpp/sources.txt\', \'utf8\').trim().split(/\\s+/).map(f => \'cpp/\' + f).join(\' \')")',
        'cpp/bindings/node/addon.cc',
        'cpp/bindings/node/events.cc',
        'cpp/bindings/node/job.cc',
        'cpp/bindings/node/model.cc',
        'cpp/bindings/node/session.cc',
      ],
      'include_dirs': ['cpp', '<!(node -p "require(\'node-addon-api\').include_dir")'],
      # The last one: a worker may be terminated at any moment, also while a result is made.
      'defines': [
        'NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      # -ffp-contract=off: no multiply-add is ever fused, so every target rounds alike.
      'cflags_cc': [
        '-std=c++20', '-O3', '-ffp-contract=off', '-fno-rtti', '-fexceptions',
        '-fvisibility=hidden', '-Wall', '-Wextra', '-fstack-protector-strong',
        '-D_FORTIFY_SOURCE=2', '-ffunction-sections', '-fdata-sections',
      ],
      'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
      'ldflags': [
        '-static-libstdc++', '-Wl,-z,relro,-z,now', '-Wl,--exclude-libs,ALL', '-Wl,--gc-sections',
      ],
    },
  ],
}
