"""What-if: the story of a redemption notice itself, on a simulated clock, with invented firms and scripted officers."""

from tasks.policy_redemption.simulation.running import simulate
from tasks.policy_redemption.simulation.scenario import Scenario

__all__ = ["Scenario", "simulate"]
