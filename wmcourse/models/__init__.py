"""World models, one per file, behind one interface; and any of them dressed as a gymnasium environment."""

from wmcourse.models.arrival import RewardFunction, TerminationFunction, arrive
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.models.coded_rssm import CodedRSSM, CodedRSSMConfig
from wmcourse.models.dream_env import DreamEnv
from wmcourse.models.dream_vector import DreamVectorEnv
from wmcourse.models.kalman import KalmanFilter, KalmanState
from wmcourse.models.latent_dynamics import Ensemble, LatentDynamics, LatentDynamicsConfig
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig, MDNState
from wmcourse.models.probed import Probed
from wmcourse.models.protocol import Prediction, WorldModel, features_of, first_look, map_state
from wmcourse.models.rssm import RSSM, RSSMConfig, RSSMLoss, RSSMState
from wmcourse.models.transition import LatentState, Transition, TransitionConfig
from wmcourse.models.vae import VAE, VAEConfig

__all__ = [
    "MDNRNN",
    "RSSM",
    "VAE",
    "Autoencoder",
    "AutoencoderConfig",
    "CodedRSSM",
    "CodedRSSMConfig",
    "DreamEnv",
    "DreamVectorEnv",
    "Ensemble",
    "KalmanFilter",
    "KalmanState",
    "LatentDynamics",
    "LatentDynamicsConfig",
    "LatentState",
    "MDNRNNConfig",
    "MDNState",
    "Prediction",
    "Probed",
    "RSSMConfig",
    "RSSMLoss",
    "RSSMState",
    "RewardFunction",
    "TerminationFunction",
    "Transition",
    "TransitionConfig",
    "VAEConfig",
    "WorldModel",
    "arrive",
    "features_of",
    "first_look",
    "map_state",
]
