// The engine's version; a test holds it equal to package.json.
#pragma once

namespace parrotlet {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace parrotlet
