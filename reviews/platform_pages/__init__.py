"""What platform admins do: moderate, decide appeals, set the policy, watch follow-ups."""
