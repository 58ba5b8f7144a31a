#include "shared/curve.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "shared/ensure.hpp"
#include "shared/key_words.hpp"

namespace xgrid {
namespace {

using Z85 = std::array<char, 41>;

CurveKey key_from(const Z85& text) {
    CurveKey key{};
    ensure(zmq_z85_decode(key.data(), text.data()) != nullptr, "libzmq makes keys in Z85");
    return key;
}

}  // namespace

CurveKey fresh_secret() {
    Z85 known{};
    Z85 secret{};
    if (zmq_curve_keypair(known.data(), secret.data()) != 0) {
        throw Fatal("cannot make keys: this libzmq was built without CURVE");
    }
    return key_from(secret);
}

CurveKey public_of(const CurveKey& secret) {
    Z85 text{};
    Z85 known{};
    zmq_z85_encode(text.data(), secret.data(), secret.size());
    if (zmq_curve_public(known.data(), text.data()) != 0) {
        throw Fatal("cannot use keys: this libzmq was built without CURVE");
    }
    return key_from(known);
}

WorkerKeys make_worker_keys() { return {fresh_secret(), fresh_secret()}; }

Token token_for(const WorkerKeys& keys) {
    return {public_of(keys.worker_secret), keys.client_secret};
}

// The request, by RFC 27: version, number, domain, address, routing id, mechanism, credentials.
Gate::Gate(Context& context, std::set<CurveKey> allowed)
    : Gate(context, [allowed = std::move(allowed)](const Caller& caller) {
          return allowed.contains(caller.key);
      }) {}

Gate::Gate(Context& context, Lets lets)
    : socket_(context, zmq::socket_type::rep), lets_(std::move(lets)) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.bind("inproc://zeromq.zap.01");
}

void Gate::answer() {
    while (true) {
        std::vector<std::string> parts;
        zmq::message_t part;
        do {
            if (!socket_.recv(part, zmq::recv_flags::dontwait)) return;
            parts.push_back(part.to_string());
        } while (part.more());
        Caller caller;
        const bool has_key =
            parts.size() == 7 && parts[5] == "CURVE" && parts[6].size() == caller.key.size();
        if (has_key) {
            std::copy(parts[6].begin(), parts[6].end(), caller.key.begin());
            caller.domain = parts[2];
            caller.address = parts[3];
        }
        const bool known = has_key && lets_(caller);
        if (!known) ++denied_;
        const std::array<std::string, 6> reply = {
            "1.0", parts.size() > 1 ? parts[1] : "1",       known ? "200" : "400",
            "",    known ? text_of_public(caller.key) : "", ""};
        for (std::size_t i = 0; i < reply.size(); ++i) {
            const auto more =
                i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
            socket_.send(zmq::buffer(reply[i]), more | zmq::send_flags::dontwait);
        }
    }
}

}  // namespace xgrid
