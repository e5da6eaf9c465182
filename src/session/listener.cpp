#include "session/listener.h"

namespace latcast::session {

void Listener::progress(double /*fraction*/, std::string_view /*what*/) {}
void Listener::warning(std::string_view /*text*/) {}
void Listener::note(std::string_view /*text*/) {}
bool Listener::cancelled() const { return false; }

}  // namespace latcast::session
