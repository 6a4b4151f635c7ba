// ONNX Runtime's official Linux builds report the names and digests of models to their vendor, and write logs of that into
// the temporary folder, unless this variable is set before the library is loaded. What runs here is nobody else's
// business; whoever wants it sets ORT_DISABLE_TELEMETRY=0. It must be the main thread's: a worker's environment is a copy
// that native code does not see.
process.env.ORT_DISABLE_TELEMETRY ??= '1';
